import { expect, test } from "vitest";
import { canRestart, canRestartFailed, canStart, canStop } from "./can";
import { node, ran, run } from "./fixtures";
import type { Run } from "./types";
import { findJob, jobFacts, rerun, rerunText, runView, timeOf } from "./runView";

test("the last execution counts, and the eye goes to what failed", () => {
  const view = runView(run({ node_runs: [ran(0, "a", "Success"), ran(1, "b", "Fail"), ran(2, "b", "Building", 1, ["Success", "Building"])] }));
  expect(view.nodes.get("b")?.status).toBe("Building");
  expect(view.nodes.get("b")?.executions).toHaveLength(2);
  expect(view.nodes.get("b")?.jobs).toEqual({ total: 2, good: 1, bad: 0, busy: 1 });
  expect(view.focus).toBe("b");
  expect(runView(run({ node_runs: [ran(0, "a", "Fail")] })).focus).toBe("a");
});

test("a node that was not run says so until a restart runs it", () => {
  const not_run = [{ node: "b", sub_number: 0, why: ["x"], gate: false }];
  expect(runView(run({ node_runs: [ran(0, "a", "Fail")], not_run })).nodes.get("b")?.status).toBe("Skipped");
  const later = runView(run({ node_runs: [ran(0, "a", "Fail"), ran(1, "b", "Success", 1)], not_run })).nodes.get("b");
  expect(later?.status).toBe("Success");
  expect(later?.notRun).toBeUndefined();
});

test("jobs are found by their ordinal", () => {
  const found = findJob(run({ node_runs: [ran(1, "b", "Fail", 0, ["Success", "Fail"])] }), "11");
  expect([found?.node.node, found?.job.name]).toEqual(["b", "j1"]);
  expect(findJob(run({}), "11")).toBeUndefined();
});

test("a job of an older execution knows that it runs again, and a kept one is the newest's", () => {
  const again = ran(3, "b", "Building", 1, ["Success", "Building"]);
  const kept = { ...again.stages[0]!.jobs[0]!, id: "r.10" };
  const runs = run({ node_runs: [ran(1, "b", "Fail", 0, ["Success", "Fail"]), ran(2, "c", "Success"), { ...again, stages: [{ ...again.stages[0]!, jobs: [kept, again.stages[0]!.jobs[1]!] }] }] });
  const of = (n: string) => rerun(runs, findJob(runs, n)!);
  expect([of("11")?.node.sub_number, of("11")?.job?.id, rerunText(of("11")!)]).toEqual([1, "r.31", "the job runs again in"]);
  expect([of("31"), of("10"), of("20")]).toEqual([undefined, undefined, undefined]);
  expect(findJob(runs, "10")?.node.sub_number).toBe(1);
});

test("of an execution that goes on it is said how the job stands in it", () => {
  const newest = (status: string, job?: string, start?: string) => rerunText({ node: ran(2, "b", status, 1), job: job === undefined ? undefined : { ...ran(2, "b", job).stages[0]!.jobs[0]!, start } });
  expect(newest("Building")).toBe("the node runs again in");
  expect(newest("Building", "Waiting")).toBe("the job waits to run again in");
  expect(newest("Success", "Success", "2026-01-01T00:00:00Z")).toBe("the job ran again (Succeeded) in");
  expect(newest("Stopped", "Stopped")).toBe("the job did not run again in");
  expect(newest("Success", "Skipped")).toBe("the job was left out in");
});

test("jobs of one name are told apart by their place", () => {
  const two = (id: number, sub: number) => {
    const node = ran(id, "b", "Success", sub, ["Fail", "Success"]);
    for (const job of node.stages[0]!.jobs) job.name = "same";
    return node;
  };
  const runs = run({ node_runs: [two(1, 0), two(2, 1)] });
  expect(["10", "11"].map((n) => rerun(runs, findJob(runs, n)!)?.job?.id)).toEqual(["r.20", "r.21"]);
});

test("an earlier attempt has its own status, time and worker", () => {
  const attempt = (n: number, status: string, start: string, done?: string) => ({ attempt: n, status, start, done, worker: `w${n}`, steps: [] });
  const [first, second] = [attempt(1, "Fail", "2026-01-01T00:00:00Z", "2026-01-01T00:00:09Z"), attempt(2, "Building", "2026-01-01T00:01:00Z")];
  const job = { id: "r.1", name: "j", status: "Building", start: "2026-01-01T00:00:30Z", infos: [], attempts: [first, second] };
  expect(jobFacts(job, first)).toEqual({ status: "Fail", start: first.start, done: first.done, worker: "w1", earlier: true });
  expect(jobFacts(job, second)).toEqual({ status: "Building", start: second.start, done: undefined, worker: "w2", earlier: false });
  expect(jobFacts({ ...job, attempts: [] }, undefined)).toMatchObject({ status: "Building", worker: "", earlier: false });
});

test("what can't be done says why", () => {
  const why = (a: { ok: boolean; why?: string }) => (a.ok ? "yes" : (a.why ?? ""));
  const failed = run({ node_runs: [ran(0, "a", "Success"), ran(1, "b", "Fail", 0, ["Success", "Fail"])] });
  expect(why(canStart(4))).toMatch(/level 5/);
  expect(why(canStart(undefined))).toMatch(/being read/);
  expect(why(canStart(null))).toMatch(/could not be read/);
  expect(why(canStop(failed, 7))).toMatch(/ended already/);
  expect(why(canStop(run({ status: "Building" }), 7))).toBe("yes");
  expect(why(canRestart(failed, "b", 5))).toBe("yes");
  expect(why(canRestart(failed, "c", 5))).toBe("yes");
  expect(why(canRestart(run({ node_runs: [ran(0, "a", "Fail")] }), "c", 5))).toMatch(/Start b first/);
  expect(why(canRestart(run({ node_runs: [ran(0, "a", "Building")] }), "a", 5))).toMatch(/in progress/);
  expect(why(canRestartFailed(failed, failed.node_runs[1], 5))).toBe("yes");
  expect(why(canRestartFailed(failed, failed.node_runs[0], 5))).toMatch(/No job/);
  expect(why(canRestartFailed(failed, undefined, 5))).toMatch(/not been run/);
});

test("jobs of a skipped stage are not waited for", () => {
  const view = runView(run({ node_runs: [ran(0, "a", "Success", 0, ["Success", "Success", "Skipped"])] }));
  expect(view.nodes.get("a")?.jobs).toEqual({ total: 2, good: 2, bad: 0, busy: 0 });
});

test("the time at work is told where much of it was none", () => {
  const at = (second: number) => new Date(Date.parse("2026-01-01T00:00:00Z") + second * 1000).toISOString();
  const of = (extra: Partial<Run>, now = 0) => timeOf(run({ start: at(0), last_execution: at(100), ...extra }), Date.parse(at(now)));
  const ended = { status: "Success", duration_ms: 100_000 };
  expect(of({ ...ended, work_ms: 99_000 })).toEqual({ text: "1m 40s" });
  expect(of({ ...ended, work_ms: 20_000 })).toEqual({ text: "20s at work", more: "Its jobs were at work for 20s; from its start to its last end it is 1m 40s" });
  expect(of({ ...ended, work_ms: 0 }).text).toBe("1m 40s waiting");
  // Of old runs it is not known.
  expect(of(ended)).toEqual({ text: "1m 40s" });
  // It grows while a worker has a job, from what the server last said.
  const begun = { status: "Building", work_ms: 20_000 };
  expect(of({ ...begun, at_work: 1 }, 130).text).toBe("50s at work");
  expect(of({ ...begun, at_work: 0 }, 130).text).toBe("20s at work");
  expect(of({ ...begun, at_work: 1 }, 90).text).toBe("20s at work");
});

test("what may be done in a run of thousands of nodes is known at once", () => {
  const nodes = Array.from({ length: 3000 }, (_, i) => node(`n${i}`, i ? [`n${i - 1}`] : []));
  const large = run({ nodes, node_runs: nodes.map((n, i) => ran(i, n.name, "Success")) });
  const began = performance.now();
  runView(large);
  expect(canRestart(large, "n2999", 5).ok).toBe(true);
  // Some ms; it was the square of the number of nodes, and seconds.
  expect(performance.now() - began).toBeLessThan(500);
});
