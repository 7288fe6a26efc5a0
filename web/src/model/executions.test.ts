import { expect, test } from "vitest";
import { canRestart } from "./can";
import { current, inProgress } from "./executions";
import { ran, run } from "./fixtures";
import { latestExecutions } from "./news";
import { runView } from "./runView";
import { waitsOf } from "./waits";

const of = (...executions: [id: number, status: string, sub: number][]) => executions.map(([id, status, sub]) => ran(id, "c", status, sub));

test("what goes on stands for a node, then the highest number, then what was made last", () => {
  const id = (...executions: [number, string, number][]) => current(of(...executions))?.id;
  expect(id()).toBeUndefined();
  expect(id([0, "Fail", 0], [1, "Success", 1])).toBe(1);
  // Started by hand as 2, and made again as 1 once what comes before it had ended.
  expect(id([0, "Success", 0], [3, "Building", 2], [4, "Success", 1])).toBe(3);
  expect(id([0, "Success", 0], [3, "Stopped", 2], [4, "Success", 1])).toBe(3);
  expect(id([0, "Success", 0], [3, "Success", 2], [4, "Waiting", 1])).toBe(4);
  expect(id([3, "Building", 2], [4, "Waiting", 1])).toBe(3);
  expect(id([3, "Fail", 1], [4, "Success", 1])).toBe(4);
});

test("a node of which one execution has ended and another goes on runs, and says so wherever it is told", () => {
  const two = run({ status: "Building", node_runs: [ran(0, "a", "Success"), ...of([1, "Fail", 0]), ran(2, "b", "Success"), ...of([3, "Building", 2], [4, "Success", 1])] });
  const view = runView(two);
  expect([view.nodes.get("c")?.status, view.nodes.get("c")?.latest?.id, view.focus]).toEqual(["Building", 3, "c"]);
  expect(view.nodes.get("c")?.executions.map((n) => n.id)).toEqual([1, 3, 4]);
  expect(view.nodes.get("c")?.jobs.busy).toBe(1);
  expect(latestExecutions(two)).toEqual([0, 3, 2]);
  expect(canRestart(two, "c", 7).ok).toBe(false);
  // A later restart that leaves the node out does not hide what still runs.
  const left = { ...two, not_run: [{ node: "c", sub_number: 3, why: ["x: false"], gate: false }] };
  expect([runView(left).nodes.get("c")?.status, runView(left).nodes.get("c")?.notRun]).toEqual(["Building", undefined]);
});

test("all that goes on waits or can be stopped, not only what stands for the node", () => {
  const both = run({ status: "Building", node_runs: [...of([3, "Waiting", 2], [4, "Waiting", 1])] });
  expect(inProgress(both.node_runs)).toHaveLength(2);
  expect(waitsOf(runView(both)).flatMap((w) => w.jobs.map((j) => j.id))).toEqual(["r.30", "r.40"]);
});
