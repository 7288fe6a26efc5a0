import { expect, test } from "vitest";
import { mergeRun, patchBriefs } from "./news";
import type { Event, NodeRun, Run, RunBrief } from "./types";

const execution = (id: number, status = "Building", extra: Partial<NodeRun> = {}) => ({ id, node: `n${id}`, status, stages: [], parameters: [], ...extra }) as unknown as NodeRun;
const run = (node_runs: NodeRun[], extra: Partial<Run> = {}) => ({ status: "Building", nodes: [], node_runs, ...extra }) as unknown as Run;

test("a part replaces what it has, adds what is new, and leaves the rest untouched", () => {
  const old = run([execution(0, "Success"), execution(1), execution(2)], { nodes: [{ name: "n0" }] as Run["nodes"] });
  const part = run([execution(1, "Success"), execution(3)], { status: "Fail" });
  const merged = mergeRun(old, part);
  expect(merged.node_runs.map((n) => [n.id, n.status])).toEqual([[0, "Success"], [1, "Success"], [2, "Building"], [3, "Building"]]);
  expect(merged.node_runs[0]).toBe(old.node_runs[0]);
  expect(merged.nodes).toBe(old.nodes);
  expect(merged.status).toBe("Fail");
});

test("a list is the same object unless an event says something new of one of its runs", () => {
  const brief = (number: number) => ({ number, workflow_name: "w", project_key: "P", status: "Building", at_work: 0 }) as RunBrief;
  const list = [brief(2), brief(1)];
  const news = (extra: Partial<Event>) => ({ number: 1, workflow_name: "w", project_key: "P", status: "Building", at_work: 0, ...extra }) as Event;
  expect(patchBriefs(list, news({}))).toBe(list);
  expect(patchBriefs(list, news({ project_key: "Q", at_work: 1 }))).toBe(list);
  // Its time goes on from when that was so.
  const patched = patchBriefs(list, news({ at_work: 1, work_ms: 5, at: "2026-01-01T00:00:01Z" }));
  expect(patched[1]).toMatchObject({ number: 1, at_work: 1, work_ms: 5, last_execution: "2026-01-01T00:00:01Z" });
  expect(patched[0]).toBe(list[0]);
  expect(patchBriefs(list, news({ status: "Success", at_work: undefined }))[1]).toMatchObject({ status: "Success", at_work: undefined });
});
