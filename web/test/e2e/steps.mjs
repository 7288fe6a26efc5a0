// What the suites of flows share: named steps that go on after a failure, and accessibility.
import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function accessible(page, what) {
  await page.evaluate(axe);
  // Beyond WCAG: what readers of screens go through a page by.
  const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], rules: { "heading-order": { enabled: true }, "page-has-heading-one": { enabled: true }, "landmark-unique": { enabled: true } } }));
  const lines = found.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 4).map((n) => `${n.target.join(" ")} (${n.any[0]?.message ?? ""})`).join("; ")}`);
  assert.deepEqual(lines, [], `${what}:\n${lines.join("\n")}`);
}

/** `{ step, state }`; faults of the page and refusals of the content policy fail the suite at its end. */
export function stepper(page) {
  const state = { passed: 0, faults: [] };
  page.on("pageerror", (e) => state.faults.push(e.message));
  page.on("console", (m) => m.type() === "error" && /Content.Security|Uncaught/.test(m.text()) && state.faults.push(m.text()));
  const step = async (name, body) => {
    const began = Date.now();
    try {
      await body();
      state.passed++;
      console.log(`ok   ${name} (${Date.now() - began} ms)`);
    } catch (e) {
      console.log(`FAIL ${name}\n${e.stack}`);
      process.exitCode = 1;
      if (process.env.E2E_SHOTS) await page.screenshot({ path: `${process.env.E2E_SHOTS}/failed-${name.slice(0, 30).replace(/\W+/g, "-")}.png` }).catch(() => undefined);
    }
  };
  return { step, state };
}

export async function finish(state, ...open) {
  console.log(`${state.passed} passed`);
  if (state.faults.length > 0) {
    console.log(`FAIL faults in the console:\n${state.faults.join("\n")}`);
    process.exitCode = 1;
  }
  for (const one of open) await one.close();
}
