import { startRun, stopRun } from "../api/queries";
import { refusedText, startedText } from "../model/restarted";
import type { RunView } from "../model/runView";
import type { Run } from "../model/types";
import { RUN, useActs } from "./acts";

/** What people do to a run and its nodes. `then`: after a node that was asked for has started. */
export function useNodeActs(run: Run, view: RunView, then?: (node: string) => void) {
  const { busy, act } = useActs(run);
  const restart = (node: string, onlyFailed: boolean) => {
    const body = { number: run.number, from_nodes: [node], only_failed_jobs: onlyFailed };
    act({
      of: node,
      wish: { ...body, after: view.nodes.get(node)?.latest?.id },
      action: (intent) => startRun(run.project_key, run.workflow_name, body, intent),
      done: startedText(run, node, onlyFailed),
      refused: (answer) => refusedText(answer, node),
      then: () => then?.(node),
    });
  };
  const stop = (node?: string) =>
    act({ of: node ?? RUN, wish: { stop: node }, action: () => stopRun(run.project_key, run.workflow_name, String(run.number), node), done: `${node ?? "The run"} is stopping` });
  return { busy, restart, stop };
}
