// What went wrong in a run: failed jobs with the step, the reason and the lines that tell it; nodes that failed without one;
// conditions that could not be evaluated.
import { parseAnsi } from "./ansi";
import type { RunView } from "./runView";
import { UNDECIDED } from "./status";
import { cause } from "./steps";
import type { JobRun, LogLine, NodeRun, Run } from "./types";

export interface FailedJob {
  node: NodeRun;
  job: JobRun;
  /** Number of its last attempt. */
  attempt: number;
  /** The step it failed for; undefined if the job failed before or beside its steps. */
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
      const step = attempt && cause(attempt.steps);
      found.push({ node, job, attempt: attempt?.attempt ?? 0, step: step?.step, stepName: step?.name ?? "", reason: step?.reason || attempt?.reason || "" });
    }
  }
  return found;
}

/**
 * The error of a condition that could not be evaluated, which the server takes as false; undefined where it could be. `of`:
 * `node a`, or `stage s of node a`. The server tells it only by the words with which its line begins.
 */
export function conditionFault(why: readonly string[], of: string): string | undefined {
  const begin = `Conditions of ${of}: `;
  return why.find((line) => line.startsWith(begin))?.slice(begin.length);
}

/** What the run tells of an execution of a node as errors: a node without jobs has its reason nowhere else. */
export function nodeErrors(run: Pick<Run, "infos">, node: Pick<NodeRun, "node" | "sub_number">): string[] {
  const begin = `Node ${node.node}: `;
  return run.infos.filter((i) => i.level === "Error" && i.sub_number === node.sub_number && i.text.startsWith(begin)).map((i) => i.text.slice(begin.length));
}

/** Something of a node that went wrong outside its jobs. */
export interface Fault {
  node: string;
  /** What went wrong, as the rest of a sentence that begins with the node. */
  what: string;
  /** It failed, or a condition could not be evaluated. */
  kind: "failed" | "condition";
  /** In the server's words; may be empty. */
  reason: string;
}

/** Whether an execution failed without a failed job. Joins and forks only say what came before them. */
export function failedAlone(node: Pick<NodeRun, "status" | "stages">, kind: string): boolean {
  return node.status === "Fail" && kind !== "join" && kind !== "fork" && !node.stages.some((s) => s.jobs.some((j) => j.status === "Fail"));
}

/** Nodes that failed without a failed job, and conditions that could not be evaluated, in the order of the graph. */
export function faultsOf(run: Pick<Run, "infos">, view: RunView): Fault[] {
  const found: Fault[] = [];
  for (const { node: { name, kind }, status, latest, notRun } of view.nodes.values()) {
    if (status === UNDECIDED && notRun) found.push({ node: name, what: "did not run: its condition could not be evaluated", kind: "condition", reason: conditionFault(notRun.why, `node ${name}`) ?? "" });
    if (!latest) continue;
    for (const stage of latest.stages) {
      const reason = conditionFault(stage.why ?? [], `stage ${stage.name} of node ${name}`);
      if (reason !== undefined) found.push({ node: name, what: `left out stage ${stage.name}: its condition could not be evaluated`, kind: "condition", reason });
    }
    if (failedAlone(latest, kind)) found.push({ node: name, what: "failed", kind: "failed", reason: nodeErrors(run, latest).join("; ") });
  }
  return found;
}

/** "1 job failed", "2 nodes failed, 1 condition could not be evaluated". */
export function wrongText(jobs: number, faults: readonly Fault[]): string {
  const nodes = faults.filter((f) => f.kind === "failed").length;
  const count = (n: number, what: string, then: string) => (n === 0 ? "" : `${n} ${what}${n === 1 ? "" : "s"} ${then}`);
  return [count(jobs, "job", "failed"), count(nodes, "node", "failed"), count(faults.length - nodes, "condition", "could not be evaluated")].filter(Boolean).join(", ");
}

/** Of a line that may be as long as a log. */
const LONGEST = 400;

/** The last lines that say something, as plain text: not the worker's own words, which stand beside them. */
export function tellingLines(lines: readonly LogLine[], reason: string, most = 5): { n: number; text: string }[] {
  const plain = lines.map((line) => ({ n: line.n, text: parseAnsi(line.text).map((span) => span.text).join("").trimEnd() }));
  const telling = plain.filter(({ text }) => text !== "" && text !== reason && !/^(End of step|Starting step) "/.test(text));
  return telling.slice(-most).map(({ n, text }) => ({ n, text: text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text }));
}
