import { expect, test } from "vitest";
import { ran, run } from "./fixtures";
import { refusedText, startedText } from "./restarted";

const why = ['git.branch ("main") eq "nope": false'];
const before = run({ node_runs: [ran(0, "a", "Success")], not_run: [{ node: "b", sub_number: 0, why, gate: false }] });

test("a node whose condition is still false was not run, and the condition is told", () => {
  // The server decides anew, and says the same again.
  expect(refusedText(before, "b")).toBe('b was not run: its condition is false: git.branch ("main") eq "nope": false');
  const again = run({ node_runs: [ran(0, "a", "Success"), ran(1, "b", "Success")], not_run: [{ node: "b", sub_number: 1, why, gate: false }] });
  expect(refusedText(again, "b")).toBe('b was not run again: its condition is false: git.branch ("main") eq "nope": false');
  const fault = run({ not_run: [{ node: "b", sub_number: 0, why: ["Conditions of node b: no such variable"], gate: false }] });
  expect(refusedText(fault, "b")).toBe("b was not run: its condition could not be evaluated: no such variable");
});

test("a node that was started is told as what it is", () => {
  const started = run({ node_runs: [ran(0, "a", "Success"), ran(1, "b", "Building")] });
  expect(refusedText(started, "b")).toBeUndefined();
  expect(startedText(before, "b", false)).toBe("b starts");
  expect(startedText(started, "b", false)).toBe("b runs again");
  expect(startedText(started, "b", true)).toBe("The failed jobs of b run again");
  expect(startedText({ ...before, not_run: [{ node: "b", sub_number: 0, why, gate: true }] }, "b", false)).toBe("b is approved and starts");
});
