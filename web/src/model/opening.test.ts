import { expect, test } from "vitest";
import { node, ran, run } from "./fixtures";
import { newsElsewhere, opening } from "./opening";
import { runView } from "./runView";

test("a page opens at what goes on, or at what went wrong", () => {
  expect(opening(runView(run({ node_runs: [ran(0, "a", "Success"), ran(1, "b", "Building")] })), 0)).toEqual({ node: "b", tab: "jobs" });
  expect(opening(runView(run({ node_runs: [ran(0, "a", "Success"), ran(1, "b", "Fail")] })), 1)).toEqual({ node: "b", tab: "failures" });
  expect(opening(runView(run({ nodes: [] })), 0)).toEqual({ node: undefined, tab: "jobs" });
});

test("news of other nodes are told, not gone to", () => {
  const told = (shown: { node: string | undefined; tab: string }, wrong: number, ...executions: [name: string, status: string][]) => {
    const view = runView(run({ nodes: [node("a"), node("b", ["a"])], node_runs: executions.map(([name, status], i) => ran(i, name, status)) }));
    return newsElsewhere(view, opening(view, wrong), shown);
  };
  const first = { node: "a", tab: "jobs" };
  expect(told(first, 0, ["a", "Building"])).toBeUndefined();
  expect(told(first, 0, ["a", "Success"], ["b", "Building"])).toBe("b is running");
  expect(told(first, 0, ["a", "Success"], ["b", "Waiting"])).toBe("b waits");
  expect(told(first, 1, ["a", "Success"], ["b", "Fail"])).toBe("b failed");
  // It is on screen, but not what went wrong with it.
  expect(told({ node: "b", tab: "jobs" }, 1, ["a", "Success"], ["b", "Fail"])).toBe("b failed");
  expect(told({ node: "a", tab: "failures" }, 1, ["a", "Success"], ["b", "Fail"])).toBeUndefined();
  expect(told(first, 0, ["a", "Success"], ["b", "Success"])).toBeUndefined();
  expect(told({ node: "a", tab: "tests" }, 1, ["a", "Success"], ["b", "Fail"])).toBeUndefined();
  // A job of it has failed, others still run: that they do is on screen.
  expect(told(first, 1, ["a", "Building"])).toBe("a has failed jobs");
  // What had gone wrong runs again.
  expect(told({ node: "a", tab: "failures" }, 0, ["a", "Success"], ["b", "Building"])).toBe("b is running");
});
