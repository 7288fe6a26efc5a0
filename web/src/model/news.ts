// What an event of the stream changes in what was read before.
import { byNode, current } from "./executions";
import type { Event, Run, RunBrief } from "./types";

/** A run of which only some executions have been read anew, put into what was known; what has not changed stays the same object. */
export function mergeRun(old: Run, part: Run): Run {
  const fresh = new Map(part.node_runs.map((n) => [n.id, n]));
  const known = old.node_runs.map((n) => fresh.get(n.id) ?? n);
  const last = old.node_runs.at(-1)?.id ?? -1;
  // Executions are numbered in the order in which they are made.
  return { ...part, nodes: old.nodes, node_runs: [...known, ...part.node_runs.filter((n) => n.id > last)] };
}

/** The same list if the event says nothing new of any of its runs. */
export function patchBriefs(runs: readonly RunBrief[], news: Event): readonly RunBrief[] {
  const at = runs.findIndex((r) => r.number === news.number && r.workflow_name === news.workflow_name && r.project_key === news.project_key);
  const run = runs[at];
  if (!run) return runs;
  const status = news.status ?? run.status;
  const gates = news.gates ?? run.gates;
  if (run.status === status && run.at_work === news.at_work && run.gates === gates) return runs;
  return runs.with(at, { ...run, status, at_work: news.at_work, gates, ...(news.work_ms != null && { work_ms: news.work_ms, last_execution: news.at }) });
}

/** The execution that stands for each node. */
export function latestExecutions(run: Pick<Run, "node_runs">): number[] {
  return [...byNode(run.node_runs).values()].flatMap((executions) => current(executions)?.id ?? []);
}
