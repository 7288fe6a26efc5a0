// What is said aloud of something that is watched: that it runs, that it ended and how, that it waits for a person. Not
// each step of the way there: a run of hundreds of nodes waits for a worker and runs again hundreds of times.
import { GATE, isFinal, label } from "./status";

/** What is known, and all that was said is about it. */
export interface Heard {
  status: string;
  /** What waits for a person. */
  gates: readonly string[];
}

const WORDS: Record<string, string> = { Building: "is running", Success: "succeeded", Fail: "failed", Stopped: "was stopped", Skipped: "was skipped", Disabled: "is disabled" };

/** From one state to the next: what is to be remembered, and the words for what is new; mostly none. */
export function announce(name: string, before: Heard, now: Heard): { heard: Heard; text: string | undefined } {
  const { gates } = now;
  const fresh = gates.filter((g) => !before.gates.includes(g));
  const waiting = fresh.length === 0 ? undefined : fresh.length === 1 ? `${fresh[0]} waits for a person` : `${fresh.length} nodes wait for a person`;
  // It waits for a worker. Whoever heard that it runs need not hear it again after that.
  const between = !isFinal(now.status) && now.status !== "Building";
  const status = between && before.status === "Building" ? before.status : now.status;
  const heard = { status, gates };
  if (status === before.status || between) return { heard, text: waiting && `${name}: ${waiting}` };
  if (status === GATE) return { heard, text: `${name}: ${waiting ?? "it waits for a person"}` };
  const text = `${name} ${WORDS[status] ?? `is now: ${label(status)}`}`;
  return { heard, text: waiting ? `${text}; ${waiting}` : text };
}
