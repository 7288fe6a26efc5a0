import { expect, test } from "vitest";
import { conditionFault, failedJobs, faultsOf, tellingLines, wrongText } from "./failures";
import { type RunView, runView } from "./runView";
import { UNDECIDED } from "./status";
import type { LogLine, Run } from "./types";

const line = (n: number, text: string) => ({ n, text, at_ms: 0, offset: 0 }) as unknown as LogLine;

test("the lines that tell are those of the program", () => {
  const lines = [line(3, "one"), line(4, "\x1b[31mError: two\x1b[0m"), line(5, ""), line(6, "\x1b[1;31mcommand failure: exit status 2\x1b[0m"), line(7, 'End of step "script"')];
  expect(tellingLines(lines, "command failure: exit status 2")).toEqual([{ n: 3, text: "one" }, { n: 4, text: "Error: two" }]);
  expect(tellingLines(lines, "", 1)).toEqual([{ n: 6, text: "command failure: exit status 2" }]);
  expect(tellingLines([], "")).toEqual([]);
});

test("only jobs of a node's last execution count", () => {
  const job = (status: string, attempts: unknown[] = []) => ({ id: `r.${status}`, name: status, status, attempts });
  const latest = { stages: [{ jobs: [job("Success"), job("Fail", [{ attempt: 1, steps: [] }, { attempt: 2, reason: "no disk", steps: [{ step: 0, status: "Fail", name: "lint", optional: true, reason: "exit 9" }, { step: 1, status: "Fail", name: "test", reason: "exit 1" }] }])] }] };
  const early = { stages: [{ jobs: [job("Fail", [{ attempt: 1, reason: "the worker was lost", steps: [] }])] }] };
  const view = { nodes: new Map([["a", { latest }], ["b", { latest: undefined }], ["c", { latest: early }]]) } as unknown as RunView;
  expect(failedJobs(view).map(({ attempt, step, stepName, reason }) => ({ attempt, step, stepName, reason }))).toEqual([
    { attempt: 2, step: 1, stepName: "test", reason: "exit 1" },
    { attempt: 1, step: undefined, stepName: "", reason: "the worker was lost" },
  ]);
});

const node = (name: string, kind: string, parents: string[]) => ({ name, kind, parents, pipeline: "", application: "", environment: "", mutex: false, payload: {} });
const execution = (id: number, name: string, status: string, stages: unknown[] = [], sub_number = 0) => ({ id, node: name, status, sub_number, start: "", manual: false, parameters: [], stages });
const error = (text: string, sub_number = 0) => ({ at: "", level: "Error", sub_number, text });

test("a node that fails without a failed job has its reason from the run, and the eye goes to it", () => {
  const run = {
    nodes: [node("a", "pipeline", []), node("notify", "outgoinghook", ["a"]), node("all", "join", ["notify"])],
    node_runs: [execution(0, "a", "Success"), execution(1, "notify", "Fail"), execution(2, "all", "Fail"), execution(3, "notify", "Fail", [], 1)],
    infos: [error("Node notify: of the first execution"), error("Node notify: outgoing hooks are not available", 1), error("Node notify2: of another", 1), { ...error("Node notify: no error", 1), level: "Info" }],
    not_run: [],
  } as unknown as Run;
  const view = runView(run);
  expect(view.focus).toBe("notify");
  const faults = faultsOf(run, view);
  expect(faults).toEqual([{ node: "notify", what: "failed", kind: "failed", reason: "outgoing hooks are not available" }]);
  expect(wrongText(0, faults)).toBe("1 node failed");
  expect(wrongText(2, faults)).toBe("2 jobs failed, 1 node failed");
});

test("a condition that could not be evaluated is a fault, not false", () => {
  const why = ["Conditions of node b: Error on LUA Condition: attempt to index nil"];
  const run = {
    nodes: [node("a", "pipeline", []), node("b", "pipeline", ["a"]), node("c", "pipeline", ["a"])],
    node_runs: [execution(0, "a", "Success", [{ name: "Ship", status: "Skipped", why: ["Conditions of stage Ship of node a: no regex"], jobs: [] }])],
    infos: [],
    not_run: [{ node: "b", sub_number: 0, why }, { node: "c", sub_number: 0, why: ['git.branch ("x") eq "y": false'] }],
  } as unknown as Run;
  const view = runView(run);
  expect([view.nodes.get("b")?.status, view.nodes.get("c")?.status, view.focus]).toEqual([UNDECIDED, "Skipped", "b"]);
  const faults = faultsOf(run, view);
  expect(faults.map((f) => `${f.node} ${f.what}: ${f.reason}`)).toEqual(["a left out stage Ship: its condition could not be evaluated: no regex", "b did not run: its condition could not be evaluated: Error on LUA Condition: attempt to index nil"]);
  expect(wrongText(0, faults)).toBe("2 conditions could not be evaluated");
  expect(conditionFault(why, "node b2")).toBeUndefined();
});
