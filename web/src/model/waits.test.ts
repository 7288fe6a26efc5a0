import { expect, test } from "vitest";
import { nodeStatus, runView, stageStatus } from "./runView";
import { GATE } from "./status";
import type { JobRun, NodeRun, Run, WorkflowNode } from "./types";
import { briefStatus, gateSince, holder, shownStatus, unreached, waitsOf } from "./waits";

const node = (name: string, parents: string[] = []): WorkflowNode => ({ name, kind: "pipeline", parents, pipeline: name, application: "", environment: "", mutex: false, payload: {} });
const at = (second: number) => `2026-01-01T00:00:0${second}Z`;
const job = (n: number, status: string, text?: string): JobRun => ({ id: `r.${n}`, name: `j${n}`, status, infos: [], attempts: [], queued: at(n), waits: text ? { code: "all_busy", text } : undefined });
const ran = (name: string, status: string, jobs: JobRun[], waits?: NodeRun["waits"]): NodeRun => ({ id: 0, node: name, status, sub_number: 0, start: at(0), done: status === "Success" ? at(5) : undefined, manual: false, parameters: [], stages: [{ name: "", status, jobs }], waits });
const run = (status: string, node_runs: NodeRun[], not_run: Run["not_run"] = []): Run => ({
  id: "r", number: 2, sub_number: 0, version: "2", status, project_key: "K", workflow_name: "w", start: at(0), last_execution: at(9), triggered_by: "ada", tags: [], payload: {}, infos: [], not_run, nodes: [node("a"), node("b", ["a"])], node_runs,
});
const status = (r: Run) => shownStatus(r, runView(r));

test("a run of which nothing runs waits", () => {
  expect(status(run("Building", [ran("a", "Waiting", [job(1, "Waiting"), job(2, "Waiting")])]))).toBe("Waiting");
  expect(status(run("Building", [ran("a", "Building", [job(1, "Waiting"), job(2, "Building")])]))).toBe("Building");
  expect(status(run("Building", [ran("a", "Waiting", [], { code: "mutex", text: "run #1 holds the mutex of 'a'" })]))).toBe("Waiting");
  // Between two nodes nothing waits and nothing runs: that is soon over.
  expect(status(run("Building", [ran("a", "Success", [job(1, "Success")])]))).toBe("Building");
});

test("a node and a stage of which nothing runs wait, as their run does", () => {
  const of = (...jobs: string[]) => ran("a", "Building", jobs.map((s, i) => job(i, s)));
  expect(nodeStatus(of("Success", "Waiting"))).toBe("Waiting");
  expect(nodeStatus(of("Waiting", "Building"))).toBe("Building");
  // Between two stages nothing waits and nothing runs: that is soon over.
  expect(nodeStatus(of("Success"))).toBe("Building");
  expect(nodeStatus({ ...of("Waiting"), status: "Stopped" })).toBe("Stopped");
  expect(of("Success", "Waiting").stages.map(stageStatus)).toEqual(["Waiting"]);
  const view = runView(run("Building", [of("Success", "Waiting")]));
  expect([view.nodes.get("a")?.status, view.focus]).toEqual(["Waiting", "a"]);
});

test("a run that went well up to a gate says so", () => {
  const gate = [{ node: "b", sub_number: 0, why: ['cds.manual ("false") eq "true": false'], gate: true }];
  const open = run("Success", [ran("a", "Success", [job(1, "Success")])], gate);
  expect(status(open)).toBe(GATE);
  expect(runView(open).nodes.get("b")?.status).toBe(GATE);
  expect(runView(open).focus).toBe("b");
  expect(gateSince(open, runView(open), "b")).toBe(at(5));
  expect(status({ ...open, status: "Fail" })).toBe("Fail");
  expect(status(run("Success", [ran("a", "Success", [])], [{ node: "b", sub_number: 0, why: ['git.branch ("x") eq "y": false'], gate: false }]))).toBe("Success");
  // Somebody started it: it is no gate any more.
  expect(status({ ...open, node_runs: [...open.node_runs, { ...ran("b", "Success", []), id: 1, sub_number: 1 }] })).toBe("Success");
});

test("like reasons stand together, with the first's time and the newest words", () => {
  const waiting = runView(run("Building", [ran("a", "Waiting", [job(3, "Waiting", "position 1"), job(2, "Waiting", "position 2"), job(4, "Waiting", "no such thing")])]));
  expect(waitsOf(waiting)).toEqual([
    { node: "a", since: at(2), text: "position 1", jobs: [{ id: "r.3", name: "j3" }, { id: "r.2", name: "j2" }] },
    { node: "a", since: at(4), text: "no such thing", jobs: [{ id: "r.4", name: "j4" }] },
  ]);
  expect(waitsOf(waiting, new Map([["r.4", { code: "ready", text: "about to begin" }]]))[1]?.text).toBe("about to begin");
});

test("the holder of a mutex is found", () => {
  expect(holder("run #17 holds the mutex of 'deploy'; 0 other runs are before this one")).toEqual({ before: "", number: 17, after: " holds the mutex of 'deploy'; 0 other runs are before this one" });
  expect(holder("the mutex of 'deploy' is about to be given")).toBeUndefined();
});

test("a list knows that a run waits from the jobs at work", () => {
  expect(briefStatus({ status: "Building", at_work: 0 })).toBe("Waiting");
  expect(briefStatus({ status: "Building", at_work: 2 })).toBe("Building");
  expect(briefStatus({ status: "Building" })).toBe("Building");
  expect(briefStatus({ status: "Success", at_work: 0 })).toBe("Success");
  expect(briefStatus({ status: "Success", gates: 0 })).toBe("Success");
  expect(briefStatus({ status: "Success", gates: 2 })).toBe(GATE);
  expect(briefStatus({ status: "Fail", gates: 2 })).toBe("Fail");
});

test("a node behind an open gate is not reached yet, however its run ended", () => {
  const nodes = [node("a"), node("b", ["a"]), node("c", ["b"]), node("d", ["a"])];
  const of = (status: string, gate: boolean, name: string) => {
    const it = { ...run(status, [ran("a", "Success", [])], [{ node: "b", sub_number: 0, why: [], gate }]), nodes };
    return unreached(it, runView(it), name);
  };
  expect(of("Success", true, "c")).toEqual({ title: "Not reached yet", gates: ["b"] });
  expect(of("Fail", true, "c").title).toBe("Not reached yet");
  expect(of("Stopped", true, "c").title).toBe("This node was not reached");
  expect(of("Success", false, "c").title).toBe("This node was not reached");
  expect(of("Success", true, "d").title).toBe("This node was not reached");
  expect(of("Building", false, "c").title).toBe("Its turn has not come");
});
