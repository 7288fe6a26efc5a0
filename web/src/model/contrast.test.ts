import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { contrast, readable, readableColours } from "./contrast";

const tokens = readFileSync(new URL("../styles/tokens.css", import.meta.url), "utf8");
/** A colour of the styles in both themes. */
const token = (name: string) => (new RegExp(`--${name}: light-dark\\((#\\w+), (#\\w+)\\)`).exec(tokens) ?? []).slice(1) as [string, string];
/** A colour of a style in both themes. */
const both = (colour: string | undefined) => {
  const found = /^light-dark\((#\w{6}), (#\w{6})\)$/.exec(colour ?? "");
  return found ? [found[1] ?? "", found[2] ?? ""] : [colour ?? "", colour ?? ""];
};
const levels = [0, 95, 135, 175, 215, 255];
const hex = (n: number) => n.toString(16).padStart(2, "0");
const cube = levels.flatMap((r) => levels.flatMap((g) => levels.map((b) => `#${hex(r)}${hex(g)}${hex(b)}`)));

test("contrast is that of WCAG", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});

test("every colour can be read on every ground of a log, in both themes", () => {
  for (const fg of cube) {
    const shown = both(readableColours({ fg }).fg);
    for (const ground of ["log-ground", "sunken", "mark"]) for (const theme of [0, 1] as const) {
      expect(contrast(shown[theme] ?? "", token(ground)[theme]), `${fg} on ${ground} ${theme}`).toBeGreaterThanOrEqual(4.5);
    }
  }
});

test("the palette can be read on every ground of a log, as it is", () => {
  for (let n = 0; n < 16; n++) for (const ground of ["log-ground", "sunken", "mark"]) for (const theme of [0, 1] as const) {
    expect(contrast(token(`f${n}`)[theme], token(ground)[theme]), `f${n} on ${ground} ${theme}`).toBeGreaterThanOrEqual(4.5);
  }
});

test("letters of any kind can be read on a ground of a job's own", () => {
  for (const bg of cube) for (const fg of [undefined, "0", "3", "15", "#808080", "#ffff00", bg]) {
    const shown = readableColours({ fg, bg });
    expect(shown.bg).toBe(bg);
    for (const letters of both(shown.fg)) expect(contrast(letters, bg), `${fg} on ${bg}`).toBeGreaterThanOrEqual(4.5);
  }
});

test("what can be read is left as it is, the palette is the styles'", () => {
  expect(readableColours({ fg: "1", bg: "4" })).toEqual({ fg: "1", bg: "4" });
  expect(readableColours({})).toEqual({ fg: undefined, bg: undefined });
  expect(readable("#ff0000", "#000000")).toBe("#ff0000");
  const [light, dark] = both(readableColours({ fg: "#ffff00" }).fg);
  expect(dark).toBe("#ffff00");
  expect(light).toMatch(/^#([0-9a-f]{2})\1(00)$/);
});
