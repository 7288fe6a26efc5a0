// What a run's page shows first, and what it offers to show once there is news elsewhere.
import type { RunView } from "./runView";
import { GATE, UNDECIDED } from "./status";

/** Chosen once: what a reader looks at, or is about to press, must not become another node's as the run goes on. */
export interface Opening {
  node: string | undefined;
  tab: "failures" | "jobs";
}

/** What went wrong comes first. */
export function opening(view: Pick<RunView, "focus">, wrong: number): Opening {
  return { node: view.focus, tab: wrong > 0 ? "failures" : "jobs" };
}

/** Ends of sentences that begin with a node. That something went well is no news to go to. */
const NEWS: Record<string, string> = {
  Building: "is running",
  Waiting: "waits",
  [GATE]: "waits for a person",
  Fail: "failed",
  [UNDECIDED]: "did not run: its condition could not be evaluated",
};

/** The news that a page would open with now, if it shows something else; the rest of its sentence is ": show it". */
export function newsElsewhere(view: Pick<RunView, "nodes">, now: Opening, shown: { node: string | undefined; tab: string }): string | undefined {
  // Who reads tests, or what happened, is not looking for a node.
  if (now.node === undefined || (shown.tab !== "jobs" && shown.tab !== "failures")) return undefined;
  if (now.tab === shown.tab && (now.tab === "failures" || now.node === shown.node)) return undefined;
  const status = view.nodes.get(now.node)?.status ?? "";
  // Something of it has failed, and the rest still runs.
  const news = now.tab === "failures" && NEWS[status] === NEWS.Building ? "has failed jobs" : NEWS[status];
  return news && `${now.node} ${news}`;
}
