// A run as the page shows it: the state of every node of the graph, counts, times.
import { byNode, current } from "./executions";
import { conditionFault } from "./failures";
import { GATE, isFinal, label, UNDECIDED } from "./status";
import { between, duration } from "./time";
import type { AttemptRun, JobRun, NodeRun, NotRun, Run, RunBrief, StageRun, WorkflowNode } from "./types";

export interface NodeView {
  node: WorkflowNode;
  /** Executions, oldest first. */
  executions: NodeRun[];
  /** The one that stands for the node: what goes on, else the last one. */
  latest: NodeRun | undefined;
  /** Why it did not run, if that is decided. */
  notRun: NotRun | undefined;
  /** Of that execution as people must see it; `Skipped`, `UNDECIDED`, or `GATE` where nothing but a person is waited for. */
  status: string;
  /** Jobs by what they are, without those that were skipped; for the bar under the name. */
  jobs: { total: number; good: number; bad: number; busy: number };
}

export interface RunView {
  /** Of the run. */
  number: number;
  nodes: Map<string, NodeView>;
  /** Nodes that wait for a person, in the order of the graph. */
  gates: NodeView[];
  /** The node to look at first: what failed, else what a person must start, else what runs, what waits, the last that ran. */
  focus: string | undefined;
}

export function runView(run: Run): RunView {
  const nodes = new Map<string, NodeView>();
  const all = byNode(run.node_runs);
  const decided = new Map(run.not_run.map((n) => [n.node, n]));
  for (const node of run.nodes) {
    const executions = (all.get(node.name) ?? []).sort((a, b) => a.id - b.id);
    const latest = current(executions);
    const notRun = decided.get(node.name);
    const skipped = notRun && (!latest || (isFinal(latest.status) && notRun.sub_number > latest.sub_number));
    const fault = skipped && conditionFault(notRun.why, `node ${node.name}`) !== undefined;
    nodes.set(node.name, {
      node,
      executions,
      latest,
      notRun: skipped ? notRun : undefined,
      status: skipped && notRun.gate ? GATE : fault ? UNDECIDED : latest ? nodeStatus(latest) : skipped ? "Skipped" : "",
      // Before a gate that is open again, those of its last execution are past.
      jobs: countJobs(skipped ? undefined : latest),
    });
  }
  const views = [...nodes.values()];
  const first = (status: string) => views.find((v) => v.node.kind === "pipeline" && v.status === status);
  // Parents come before their children, so a join that fails with them is not the first. What fails need not have jobs.
  const failed = views.find((v) => v.status === "Fail") ?? views.find((v) => v.status === UNDECIDED);
  const focus = failed ?? first(GATE) ?? first("Building") ?? first("Waiting") ?? views.findLast((v) => v.latest && v.node.kind === "pipeline") ?? views[0];
  return { number: run.number, nodes, gates: views.filter((v) => v.status === GATE), focus: focus?.node.name };
}

/** The status of a stage: one whose jobs all wait is not at work, whatever the server calls it. */
export function stageStatus({ status, jobs }: Pick<StageRun, "status" | "jobs">): string {
  return workStatus(status, jobs);
}

/** The same for an execution of a node. */
export function nodeStatus({ status, stages }: Pick<NodeRun, "status" | "stages">): string {
  return workStatus(status, stages.flatMap((s) => s.jobs));
}

function workStatus(status: string, jobs: readonly JobRun[]): string {
  const idle = status === "Building" && jobs.some((j) => j.status === "Waiting") && !jobs.some((j) => j.status === "Building");
  return idle ? "Waiting" : status;
}

/** Jobs that nobody waits for: those of stages whose condition was false, and those that are switched off. */
const LEFT_OUT = new Set(["Skipped", "Disabled", "Never Built"]);

function countJobs(latest: NodeRun | undefined): NodeView["jobs"] {
  const count = { total: 0, good: 0, bad: 0, busy: 0 };
  for (const stage of latest?.stages ?? []) for (const { status } of stage.jobs) {
    if (LEFT_OUT.has(status)) continue;
    count.total++;
    if (status === "Success") count.good++;
    else if (status === "Fail") count.bad++;
    else if (status === "Building") count.busy++;
  }
  return count;
}

/** A node, with the number of the execution that stands for it where it has several. */
export function executionName(view: RunView, node: string): string {
  const { latest, executions = [] } = view.nodes.get(node) ?? {};
  return latest && executions.length > 1 ? `${node}, execution ${view.number}.${latest.sub_number}` : node;
}

/** The ordinal in a job's id `<run>.<n>`: short names for addresses. */
export function ordinal(job: Pick<JobRun, "id">): string {
  return job.id.slice(job.id.lastIndexOf(".") + 1);
}

export interface JobPlace {
  node: NodeRun;
  stage: string;
  job: JobRun;
}

/** A job by its ordinal, with what contains it. A restart of failed jobs keeps the others: they are the newest execution's. */
export function findJob(run: Pick<Run, "node_runs">, n: string): JobPlace | undefined {
  for (const node of run.node_runs.toSorted((a, b) => b.id - a.id)) {
    for (const stage of node.stages) {
      const job = stage.jobs.find((j) => ordinal(j) === n);
      if (job) return { node, stage: stage.name, job };
    }
  }
  return undefined;
}

/** The newest execution of a job's node, if that is another one, and the job in it once there is one. */
export function rerun(run: Pick<Run, "node_runs">, { node, job }: JobPlace): { node: NodeRun; job: JobRun | undefined } | undefined {
  const newest = run.node_runs.filter((n) => n.node === node.node && n.id > node.id).sort((a, b) => b.id - a.id)[0];
  if (!newest) return undefined;
  // Of jobs with one name, which a pipeline may have, the same one by place.
  const stage = node.stages.findIndex((s) => s.jobs.includes(job));
  const like = (of: NodeRun) => of.stages[stage]?.jobs.filter((j) => j.name === job.name) ?? [];
  return { node: newest, job: like(newest)[like(node).indexOf(job)] };
}

/** What an older execution's page says of the newest one: `the job runs again in`, and its number follows. */
export function rerunText({ node, job }: { node: NodeRun; job: JobRun | undefined }): string {
  const status = job?.status ?? "";
  if (status === "Building") return "the job runs again in";
  if (LEFT_OUT.has(status)) return "the job was left out in";
  if (job?.start && isFinal(status)) return `the job ran again (${label(status)}) in`;
  if (status === "Waiting") return "the job waits to run again in";
  // Only failed jobs may have been asked for: that is known once it begins.
  return isFinal(node.status) ? "the job did not run again in" : "the node runs again in";
}

/** What is said of a job with one of its attempts shown: an earlier one has a status and a time of its own. */
export function jobFacts(job: JobRun, attempt: AttemptRun | undefined): Pick<JobRun, "status" | "start" | "done"> & { worker: string; earlier: boolean } {
  const earlier = attempt !== undefined && attempt !== job.attempts.at(-1);
  const { status, done } = earlier ? attempt : job;
  // Of a job that began anew, what its log tells of.
  const start = attempt?.start ?? job.start;
  return { status, start, done, worker: attempt?.worker ?? "", earlier };
}

/**
 * For how long a worker had a job of a run, by what the server counted up to the last thing that happened. The time between two
 * restarts, before somebody opened a gate or before a worker came, is nobody's work.
 */
export function workTime(run: Pick<RunBrief, "work_ms" | "at_work" | "last_execution">, now: number): number | undefined {
  if (run.work_ms === undefined || run.work_ms === null) return undefined;
  return run.work_ms + (run.at_work ? Math.max(0, now - Date.parse(run.last_execution)) : 0);
}

/** How long a run took, in words; what of it was work, if much was not. */
export function timeOf(run: RunBrief, now: number): { text: string; more?: string } {
  const whole = runDuration(run, now);
  const work = workTime(run, now) ?? whole;
  if (whole === undefined || work === undefined) return { text: "" };
  if (whole - work <= PAUSE) return { text: duration(whole) };
  if (work === 0) return { text: `${duration(whole)} waiting`, more: "No worker had a job of it" };
  return { text: `${duration(work)} at work`, more: `Its jobs were at work for ${duration(work)}; from its start ${isFinal(run.status) ? "to its last end" : "until now"} it is ${duration(whole)}` };
}

/** Milliseconds that go by between two jobs; less than this is no pause. */
const PAUSE = 2000;

/** Duration of a run, node or job; of one that goes on, up to now. */
export function runDuration(run: Pick<Run, "status" | "start" | "duration_ms" | "last_execution">, now: number): number | undefined {
  if (isFinal(run.status)) return run.duration_ms ?? between(run.start, run.last_execution, now);
  return between(run.start, undefined, now);
}
