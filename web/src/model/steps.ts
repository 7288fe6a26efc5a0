// Which step a job failed for, which steps its log opens with, and whether it goes on with what is printed.
import type { Range } from "./log";
import { isFinal } from "./status";
import type { AttemptRun, StepRun } from "./types";

type Steps = readonly Pick<StepRun, "step" | "status" | "start" | "optional">[];
type Attempt = Pick<AttemptRun, "status"> & { steps: Steps };

/** The step that a job failed for: after an optional one that fails, the job goes on. */
export function cause<S extends Pick<StepRun, "status" | "optional">>(steps: readonly S[]): S | undefined {
  return steps.find((s) => s.status === "Fail" && !s.optional);
}

/** Why a step failed, and whether that was the end of its job; may be empty. */
export function whyStep({ status, optional, reason = "" }: Pick<StepRun, "status" | "optional" | "reason">): string {
  if (status !== "Fail" || !optional) return reason;
  return `failed, optional: the job goes on${reason && ` · ${reason}`}`;
}

/** Steps that a job passed by. */
const NOT_RUN = new Set(["Skipped", "Disabled", "Never Built"]);

/** What is said of a step that has printed nothing. `over`: its job has ended. */
export function silentText(status: string, over: boolean): string {
  if (NOT_RUN.has(status) || (status === "" && over)) return "Not run";
  if (status === "") return "Not reached yet";
  return isFinal(status) ? "It printed nothing" : "Nothing printed yet";
}

/** The step to open first: marked, failed, running, or the last that was reached. */
export function firstOpen({ steps }: Attempt, marked: number | undefined): number | undefined {
  if (marked !== undefined && steps.some((s) => s.step === marked)) return marked;
  return (cause(steps) ?? followed(steps) ?? steps[0])?.step;
}

/** The step whose end is followed: the one that runs, else the last that did. Its end is read until the next one begins. */
export function followed<S extends Steps[number]>(steps: readonly S[]): S | undefined {
  return steps.find((s) => s.status === "Building") ?? steps.findLast((s) => s.start);
}

/** Whether a log opens at its end and goes on with it: where a link leads to what has ended, it stays. */
export function opensAtEnd({ status, steps }: Attempt, marked: number | undefined, range: Range | undefined): boolean {
  const step = steps.find((s) => s.step === marked);
  return !isFinal(status) && range === undefined && (step === undefined || !isFinal(step.status));
}

/** The line a log is opened at; `Infinity` = the end, `HEAD` = the head of the step. */
export const HEAD = -1;

/** Where a log that is not followed opens. Of what failed the end is shown: that is where the reason stands. */
export function opensAt({ steps }: Attempt, marked: number | undefined, range: Range | undefined): { step: number; line: number } | undefined {
  if (marked !== undefined && range) return { step: marked, line: range.from };
  const failed = marked === undefined ? cause(steps) : steps.find((s) => s.step === marked && s.status === "Fail");
  if (failed) return { step: failed.step, line: Infinity };
  return marked === undefined ? undefined : { step: marked, line: HEAD };
}
