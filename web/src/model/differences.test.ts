import { expect, test } from "vitest";
import { differences } from "./differences";
import { node, ran, run } from "./fixtures";
import type { Run, WorkflowNode } from "./types";

test("differences are told once and leave out what always differs", () => {
  const p = (name: string, value: string) => ({ name, value, origin: "payload", tainted: false });
  const with_ = (branch: string, n: string) => [p("git.branch", branch), p("cds.run.number", n), p("cds.version", n)];
  const before = run({ payload: { "git.branch": "main", gone: "1" }, node_runs: [{ ...ran(0, "a", "Success"), parameters: with_("main", "1") }] });
  const now = run({ payload: { "git.branch": "dev" }, node_runs: [{ ...ran(0, "a", "Fail"), parameters: [...with_("dev", "2"), p("new", "x")] }] });
  expect(differences(before, now)).toEqual([
    { where: "payload", name: "git.branch", before: "main", after: "dev" },
    { where: "payload", name: "gone", before: "1", after: undefined },
    { where: "a", name: "new", before: undefined, after: "x" },
  ]);
});

test("all that is told of a node is compared, with both values", () => {
  const changed = { ...node("b", ["a"]), mutex: true, parameters: { who: "me" }, payload: { x: "2" }, environment: "prod", when: ["manual"] } as WorkflowNode;
  const before = run({ nodes: [node("a"), { ...node("b", ["a"]), payload: { x: "1" } }, node("gone", ["a"])] });
  const now = run({ nodes: [node("a"), changed, node("new", ["b"])] });
  expect(differences(before, now).map((d) => `${d.where} | ${d.name} | ${d.before} | ${d.after}`)).toEqual([
    "graph | gone | gone · after a | undefined",
    "graph | new | undefined | new · after b",
    "b | environment |  | prod",
    "b | one at a time | no | yes",
    "b | default payload x | 1 | 2",
    "b | parameter who | undefined | me",
    "b | when | undefined | manual",
  ]);
});

test("a node that ran and now did not tells what decided", () => {
  const before = run({ node_runs: [ran(0, "a", "Success"), ran(1, "b", "Success")] });
  const now = run({ node_runs: [ran(0, "a", "Success")], not_run: [{ node: "b", sub_number: 0, why: ['git.branch ("main") eq "x": false'], gate: false }] });
  expect(differences(before, now)).toEqual([{ where: "b", name: "whether it ran", before: "it ran", after: 'Skipped; git.branch ("main") eq "x": false' }]);
});

test("stages, jobs and steps are compared by name, as far as both came", () => {
  const step = (name: string) => ({ name, step: 0, status: "Success" });
  const made = (stages: Record<string, Record<string, string[] | undefined>>) =>
    run({ node_runs: [{ ...ran(0, "a", "Fail"), stages: Object.entries(stages).map(([name, jobs]) => ({ name, status: "Success", jobs: Object.entries(jobs).map(([job, steps]) => ({ id: `r.${job}`, name: job, status: "Success", infos: [], attempts: steps ? [{ attempt: 1, status: "", worker: "", steps: steps.map(step) }] : [] })) })) }] });
  const before = made({ Compile: { lint: ["script"], build: ["script"] }, Ship: { ship: ["script"] } });
  const rows = (now: Run) => differences(before, now).map((d) => `${d.name} | ${d.before} | ${d.after}`);
  expect(rows(made({ Compile: { lint: ["script", "check"], build: ["script"] }, Ship: { ship: ["script"] } }))).toEqual(["steps of job lint | script | script, check"]);
  expect(rows(made({ Compile: { lint: ["script"], wait: undefined, build: undefined }, Ship: {} }))).toEqual(["jobs of stage Compile | lint, build | lint, wait, build"]);
  expect(rows(made({ Compile: { lint: ["script"], build: ["script"] }, Test: {}, Ship: { ship: ["script"] } }))).toEqual(["stages | Compile, Ship | Compile, Test, Ship"]);
  expect(rows(before)).toEqual([]);
  const many = (more: string[]) => made({ Test: Object.fromEntries([...Array.from({ length: 9 }, (_, i) => `shard ${i}`), ...more, "end"].map((job) => [job, undefined])) });
  expect(differences(many([]), many(["extra"])).map((d) => `${d.before} | ${d.after}`)).toEqual(["…, … | …, extra, …"]);
});

test("conditions and what a pipeline says are compared too", () => {
  const at = (conditions: string[], definition: string) => run({ nodes: [{ ...node("a"), conditions, definition }] });
  expect(differences(at(['git.branch eq "main"'], "aa"), at([], "bb"))).toEqual([
    { where: "a", name: "conditions", before: 'git.branch eq "main"', after: "" },
    { where: "a", name: "digest of its pipeline", before: "aa", after: "bb" },
  ]);
});
