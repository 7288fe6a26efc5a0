// What a run waits for, where nothing of it runs.
import { ancestors } from "./can";
import { inProgress } from "./executions";
import type { RunView } from "./runView";
import { GATE, isFinal } from "./status";
import type { NodeRun, Run, RunBrief } from "./types";

type WaitReason = NonNullable<NodeRun["waits"]>;

export interface Wait {
  node: string;
  /** Jobs that wait for the same; none: the node itself waits. */
  jobs: { id: string; name: string }[];
  /** Since when the first of them waits. */
  since: string;
  text: string;
}

/** Whether a worker has a job of the run. */
function isAtWork(view: RunView): boolean {
  const busy = (n: NodeRun) => n.stages.some((s) => s.jobs.some((j) => j.status === "Building"));
  // Not only of those that stand for their nodes: an earlier one may still go on.
  return [...view.nodes.values()].some((v) => inProgress(v.executions).some(busy));
}

/** Everything that waits, with like reasons together. `fresh`: reasons of jobs that are newer than the run's own. */
export function waitsOf(view: RunView, fresh?: ReadonlyMap<string, WaitReason>): Wait[] {
  const waits = new Map<string, Wait>();
  const add = (node: string, since: string, reason: WaitReason | undefined, job?: { id: string; name: string }) => {
    const text = reason?.text ?? "for a worker";
    // Places in the queue and seconds differ from job to job.
    const key = `${node} ${reason?.code} ${text.replace(/\d+/g, "#")}`;
    const wait = waits.get(key) ?? { node, jobs: [], since, text };
    if (job) wait.jobs.push(job);
    if (since < wait.since) wait.since = since;
    waits.set(key, wait);
  };
  for (const it of [...view.nodes.values()].flatMap((v) => inProgress(v.executions))) {
    if (it.waits) add(it.node, it.start, it.waits);
    for (const stage of it.stages) for (const job of stage.jobs) {
      if (job.status === "Waiting") add(it.node, job.queued ?? it.start, fresh?.get(job.id) ?? job.waits ?? undefined, { id: job.id, name: job.name });
    }
  }
  return [...waits.values()];
}

/**
 * The status of a run as people must see it. The server's says neither that all of it waits, nor that a run that went well
 * goes on once somebody opens a gate.
 */
export function shownStatus(run: Pick<Run, "status">, view: RunView): string {
  if (run.status === "Success" && view.gates.length > 0) return GATE;
  if (run.status === "Building" && !isAtWork(view) && waitsOf(view).length > 0) return "Waiting";
  return run.status;
}

/** The same for a run in a list. */
export function briefStatus(run: Pick<RunBrief, "status"> & { at_work?: number | null; gates?: number }): string {
  if (run.status === "Success" && run.gates) return GATE;
  return run.status === "Building" && run.at_work === 0 ? "Waiting" : run.status;
}

/** The other run that a reason names as the one that is waited for: the holder of a mutex. */
export function holder(text: string): { before: string; number: number; after: string } | undefined {
  const found = /^(.*?)run #(\d+)( holds the mutex.*)$/s.exec(text);
  return found ? { before: found[1] ?? "", number: Number(found[2]), after: found[3] ?? "" } : undefined;
}

/** Since when a gate is there to be opened: the end of the last node before it. */
export function gateSince(run: Run, view: RunView, node: string): string | undefined {
  const parents = run.nodes.find((n) => n.name === node)?.parents ?? [];
  return parents.map((p) => view.nodes.get(p)?.latest?.done ?? "").sort().at(-1) || undefined;
}

/**
 * Why a node has not run of which nothing is decided: whether that may still come, and the gates that keep it waiting. After a
 * run has ended, only a person brings it further.
 */
export function unreached(run: Pick<Run, "status" | "nodes">, view: RunView, node: string): { title: string; gates: string[] } {
  const before = ancestors(run, node);
  const gates = run.status === "Stopped" ? [] : view.gates.map((g) => g.node.name).filter((name) => before.has(name));
  if (gates.length > 0) return { title: "Not reached yet", gates };
  return { title: isFinal(run.status) ? "This node was not reached" : "Its turn has not come", gates };
}
