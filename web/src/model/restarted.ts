// What became of a node that somebody asked for, by the server's answer: it starts nothing where conditions say no.
import { conditionFault } from "./failures";
import { runView } from "./runView";
import { GATE } from "./status";
import type { Run } from "./types";

/** Why a node that was asked for was not run, in a sentence; undefined where it was. `answer`: the run, as the server gave it back. */
export function refusedText(answer: Run, node: string): string | undefined {
  const view = runView(answer).nodes.get(node);
  const not = view?.notRun;
  if (!not) return view?.latest ? undefined : `${node} was not started`;
  const fault = conditionFault(not.why, `node ${node}`);
  if (fault !== undefined) return `${node} was not run: its condition could not be evaluated: ${fault}`;
  return `${node} was not run${view.latest ? " again" : ""}: ${view.status === GATE ? "it waits for a person" : "its condition is false"}${not.why.length > 0 ? `: ${not.why.join("; ")}` : ""}`;
}

/** What is said of a node that was asked for, once it runs. `before`: the run as it was when it was asked for. */
export function startedText(before: Run, node: string, onlyFailed: boolean): string {
  if (onlyFailed) return `The failed jobs of ${node} run again`;
  const known = runView(before).nodes.get(node);
  return known?.status === GATE ? `${node} is approved and starts` : known?.latest ? `${node} runs again` : `${node} starts`;
}
