import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const folder = fileURLToPath(new URL(".", import.meta.url));
const sheets = readdirSync(folder).filter((name) => name.endsWith(".css")).map((name) => [name, readFileSync(folder + name, "utf8")] as const);

test.each(sheets)("%s says nothing twice", (_, sheet) => {
  const lines = sheet.split("\n").filter((line) => line.includes("{") && line.includes("}"));
  expect(lines.filter((line, i) => lines.indexOf(line) !== i)).toEqual([]);
});

test("what is typed and printed by machines has their letters", () => {
  const base = sheets.find(([name]) => name === "base.css")?.[1] ?? "";
  const rule = base.split("\n").find((line) => /^code, pre, kbd\b/.test(line)) ?? "";
  expect(rule).toMatch(/font-family: var\(--mono\)/);
  expect(rule).not.toMatch(/cursor|flex/);
});
