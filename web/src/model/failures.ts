// What went wrong in a run: failed jobs with the step, the reason and the lines that tell it.
import { parseAnsi } from "./ansi";
import type { RunView } from "./runView";
import type { JobRun, LogLine, NodeRun } from "./types";

export interface FailedJob {
  node: NodeRun;
  job: JobRun;
  /** Number of its last attempt. */
  attempt: number;
  /** The step that failed; undefined if the job failed before or beside its steps. */
  step: number | undefined;
  stepName: string;
  reason: string;
}

/** Jobs that failed in the last execution of each node, in the order of the graph. */
export function failedJobs(view: RunView): FailedJob[] {
  const found: FailedJob[] = [];
  for (const { latest: node } of view.nodes.values()) {
    for (const job of node?.stages.flatMap((s) => s.jobs) ?? []) {
      if (!node || job.status !== "Fail") continue;
      const attempt = job.attempts.at(-1);
      const step = attempt?.steps.find((s) => s.status === "Fail");
      found.push({ node, job, attempt: attempt?.attempt ?? 0, step: step?.step, stepName: step?.name ?? "", reason: step?.reason || attempt?.reason || "" });
    }
  }
  return found;
}

/** Of a line that may be as long as a log. */
const LONGEST = 400;

/** The last lines that say something, as plain text: not the worker's own words, which stand beside them. */
export function tellingLines(lines: readonly LogLine[], reason: string, most = 5): { n: number; text: string }[] {
  const plain = lines.map((line) => ({ n: line.n, text: parseAnsi(line.text).map((span) => span.text).join("").trimEnd() }));
  const telling = plain.filter(({ text }) => text !== "" && text !== reason && !/^(End of step|Starting step) "/.test(text));
  return telling.slice(-most).map(({ n, text }) => ({ n, text: text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text }));
}
