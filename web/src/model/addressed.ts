// What an address names that is not there: it may be old, or written by hand. Something else is shown then, and must not
// pass for it.
import type { JobSearch, RunSearch } from "./search";
import type { AttemptRun, JobRun, Run } from "./types";

/** `id`: of an execution, as jobs are told theirs. */
export function missingOfRun(run: Pick<Run, "node_runs">, { node, exec, id }: RunSearch & { id?: string }): string | undefined {
  const wanted = exec ?? (node === undefined ? id : undefined);
  if (wanted === undefined || run.node_runs.some((n) => String(n.id) === wanted)) return undefined;
  return `The address names execution ${wanted} of a node, which this run does not have.`;
}

export function missingOfJob(job: Pick<JobRun, "attempts">, shown: Pick<AttemptRun, "steps"> | undefined, { attempt, step }: JobSearch): string | undefined {
  if (attempt !== undefined && !job.attempts.some((a) => a.attempt === attempt)) return `The address names attempt ${attempt}, which this job does not have: the last one is shown.`;
  // Steps are known from the beginning of an attempt on.
  const steps = shown?.steps ?? [];
  if (step === undefined || steps.length === 0 || steps.some((s) => s.step === step)) return undefined;
  return `The address names step ${step}, which this job does not have: its last is ${steps.at(-1)?.step}.`;
}
