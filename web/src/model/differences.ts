// What is different in a run from an earlier one, of all that the server tells of both.
import { label } from "./status";
import { type NodeView, runView } from "./runView";
import type { JobRun, NodeRun, Run, WorkflowNode } from "./types";

export interface Difference {
  /** Where: `payload`, `graph`, or a node's name. */
  where: string;
  name: string;
  before: string | undefined;
  after: string | undefined;
}

/** Parameters that differ in every run and say nothing. */
const ALWAYS_NEW = /^(cds\.(run|run\.number|run\.subnumber|version|ui\..*|node\.id|semver|parent\..*|job|worker|key\..*|triggered_by\..*|manual|status)|payload|workflow\..*)$/;

type Values = Record<string, string>;

/** Payload, nodes with all that the server tells of them, whether they ran, their stages, jobs and steps by name, parameters. */
export function differences(before: Run, run: Run): Difference[] {
  const found: Difference[] = [];
  compare("payload", before.payload, run.payload, found);
  const [old, now] = [runView(before), runView(run)];
  compare("graph", graph(before, run), graph(run, before), found);
  for (const [name, view] of now.nodes) {
    const then = old.nodes.get(name);
    if (then) compare(name, nodeValues(then.node), nodeValues(view.node), found);
  }
  for (const [name, view] of now.nodes) {
    const then = old.nodes.get(name);
    if (!then) continue;
    compare(name, outcome(then, view), outcome(view, then), found);
    if (then.latest && view.latest) work(name, then.latest, view.latest, found);
  }
  const seen = new Set(found.map((d) => d.name));
  for (const [name, view] of now.nodes) {
    const previous = old.nodes.get(name)?.latest;
    if (!view.latest || !previous) continue;
    const values = (n: NodeRun) => Object.fromEntries(n.parameters.filter((p) => !ALWAYS_NEW.test(p.name)).map((p) => [p.name, p.value]));
    const here: Difference[] = [];
    compare(name, values(previous), values(view.latest), here);
    // A value inherited by every later node is told once, where it first differs.
    for (const d of here) if (!seen.has(d.name) && seen.add(d.name)) found.push(d);
  }
  return found;
}

/** Nodes of `run` that `other` has not. */
function graph(run: Run, other: Run): Values {
  const there = new Set(other.nodes.map((n) => n.name));
  return Object.fromEntries(run.nodes.filter((n) => !there.has(n.name)).map((n) => [n.name, [n.pipeline || n.kind, n.application, n.environment, `after ${n.parents.join(", ") || "nothing"}`].filter(Boolean).join(" · ")]));
}

const NAMES: Record<string, string> = { parents: "after", mutex: "one at a time", payload: "default payload", parameters: "parameter", definition: "digest of its pipeline" };

/** Whatever the server tells of a node, also what it does not tell yet. */
function nodeValues({ name: _, ...node }: WorkflowNode): Values {
  const values: Values = {};
  for (const [field, value] of Object.entries(node) as [string, unknown][]) {
    const name = NAMES[field] ?? field;
    if (Array.isArray(value) && value.every((v) => typeof v === "string")) values[name] = value.join(", ");
    else if (typeof value === "object" && value !== null && !Array.isArray(value)) for (const [key, v] of Object.entries(value)) values[`${name} ${key}`] = text(v);
    else values[name] = text(value);
  }
  return values;
}

function text(value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
}

/** Whether a node ran, where that is not the same: its condition may be another, or have met another value. */
function outcome(view: NodeView, other: NodeView): Values {
  const kind = (v: NodeView) => (v.notRun ? "not run" : v.latest ? "ran" : "");
  if (kind(view) === kind(other) || kind(view) === "" || kind(other) === "") return {};
  return { "whether it ran": view.notRun ? [label(view.status), ...view.notRun.why].join("; ") : "it ran" };
}

/** Stages, jobs and steps by their names, as far as both came. */
function work(where: string, before: NodeRun, after: NodeRun, into: Difference[]): void {
  list(where, "stages", before.stages.map((s) => s.name), after.stages.map((s) => s.name), into);
  const stages = new Map(before.stages.map((s) => [s.name, s]));
  for (const stage of after.stages) {
    const then = stages.get(stage.name);
    // A stage that was skipped or not reached has no jobs yet.
    if (!then || then.jobs.length === 0 || stage.jobs.length === 0) continue;
    list(where, stage.name ? `jobs of stage ${stage.name}` : "jobs", then.jobs.map((j) => j.name), stage.jobs.map((j) => j.name), into);
    const jobs = new Map(then.jobs.map((j) => [j.name, j]));
    const told = new Set<string>();
    for (const job of stage.jobs) {
      const [was, is] = [steps(jobs.get(job.name)), steps(job)];
      if (!was || !is || told.has(job.name)) continue;
      told.add(job.name);
      list(where, `steps of job ${job.name}`, was, is, into);
    }
  }
}

/** Undefined where no worker has taken it: then none are told. */
function steps(job: JobRun | undefined): string[] | undefined {
  return job?.attempts.at(-1)?.steps.map((s) => s.name);
}

/** Lists up to this are told whole. */
const SHORT = 8;

/** Two lists of names; of long ones what lies between their common beginning and their common end: they may be thousands of jobs. */
function list(where: string, name: string, before: string[], after: string[], into: Difference[]): void {
  let [begin, end] = [0, 0];
  const shorter = Math.min(before.length, after.length);
  while (begin < shorter && before[begin] === after[begin]) begin++;
  while (end < shorter - begin && before.at(-1 - end) === after.at(-1 - end)) end++;
  if (begin === before.length && begin === after.length) return;
  if (Math.max(before.length, after.length) <= SHORT) [begin, end] = [0, 0];
  const cut = (all: string[]) => [begin > 0 && "…", ...all.slice(begin, all.length - end), end > 0 && "…"].filter((s) => s !== false).join(", ");
  into.push({ where, name, before: cut(before), after: cut(after) });
}

function compare(where: string, before: Values, after: Values, into: Difference[]): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    // What is empty there and absent here is the same.
    if ((before[name] ?? "") !== (after[name] ?? "") || (where === "payload" && before[name] !== after[name])) into.push({ where, name, before: before[name], after: after[name] });
  }
}
