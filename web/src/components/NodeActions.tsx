import { canRestart, canRestartFailed, canStop, type Level } from "../model/can";
import type { NodeView } from "../model/runView";
import { GATE, isFinal } from "../model/status";
import type { Run } from "../model/types";
import { Button } from "../ui/Button";

export interface NodeActionsProps {
  run: Run;
  level: Level;
  /** Something is being done with the node. */
  busy: boolean;
  onRestart: (node: string, onlyFailed: boolean) => void;
  /** Again, with another payload or other parameters; without, that is not offered. */
  onRestartWith?: (node: string) => void;
  onStop: (node: string) => void;
}

/** What can be done with a node, each with the reason why not. */
export function NodeActions({ run, view, level, busy, onRestart, onRestartWith, onStop }: NodeActionsProps & { view: NodeView }) {
  const { name } = view.node;
  const gate = view.status === GATE;
  const start = gate ? "Approve: start node" : view.latest ? "Restart node" : "Start node";
  const stopping = canStop({ status: view.status === "" || view.status === "Skipped" ? "Success" : view.status }, level);
  const again = canRestart(run, name, level);
  return (
    <>
      {view.latest && !isFinal(view.status) && <Button kind="danger" can={stopping} busy={busy} aria-label={`Stop node ${name}`} onClick={() => onStop(name)}>Stop node</Button>}
      <Button can={canRestartFailed(run, view.latest, level)} busy={busy} aria-label={`Restart failed jobs of ${name}`} onClick={() => onRestart(name, true)}>Restart failed jobs</Button>
      <Button kind={gate ? "primary" : "plain"} can={again} busy={busy} aria-label={`${start} ${name}`} onClick={() => onRestart(name, false)}>{start}</Button>
      {onRestartWith && <Button can={again} aria-label={`Start ${name} with another payload or parameters`} onClick={() => onRestartWith(name)}>With…</Button>}
    </>
  );
}
