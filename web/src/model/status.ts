// What a status means for the eye; the texts are the server's.

/** Not one of the server's: a node that only waits for a person to start it, and a run that went well up to such nodes. */
export const GATE = "Gate";

/** Not one of the server's either: a node that did not run because its condition could not be evaluated, which is a fault. */
export const UNDECIDED = "Undecided";

/** Families of statuses that look alike. */
export type Tone = "good" | "bad" | "busy" | "wait" | "idle";

const TONES: Record<string, Tone> = {
  Success: "good",
  Fail: "bad",
  Building: "busy",
  Pending: "wait",
  Waiting: "wait",
  [GATE]: "wait",
  [UNDECIDED]: "bad",
  Stopped: "idle",
  Skipped: "idle",
  Disabled: "idle",
  "Never Built": "idle",
};

export function tone(status: string): Tone {
  return TONES[status] ?? "idle";
}

/** Whether nothing will happen any more. */
export function isFinal(status: string): boolean {
  return !["", "Pending", "Waiting", "Building"].includes(status);
}

/** For people; the empty status is one that was not reached. */
export function label(status: string): string {
  return LABELS[status] ?? status;
}

const LABELS: Record<string, string> = { "": "Not reached", Fail: "Failed", Building: "Running", Success: "Succeeded", [GATE]: "Waits for a person", [UNDECIDED]: "Condition can’t be evaluated" };

/** Kinds of nodes in words. */
export function kindName(kind: string): string {
  return kind === "outgoinghook" ? "outgoing hook" : kind;
}

/** What lists can be filtered by, in the words that they show. */
export const FILTERS = ["Building", "Waiting", GATE, "Fail", "Success", "Stopped"].map((value) => ({ value, label: label(value) }));

/** Whether a list can be filtered by it: an address may name anything. */
export function isFilter(status: string): boolean {
  return status !== UNDECIDED && Object.hasOwn(TONES, status);
}

/** What a row of a list says. A run that waits for a person stands among those that succeeded as well, and says why. */
export function rowLabel(status: string): string {
  return status === GATE ? `${label(GATE)}, all before succeeded` : label(status);
}

/** Colours of the favicon: the same in both themes, for tabs have their own background. */
export const FAVICON: Record<Tone, string> = {
  good: "#1a8f4c",
  bad: "#d3313f",
  busy: "#2f6fed",
  wait: "#b7791f",
  idle: "#7a8190",
};
