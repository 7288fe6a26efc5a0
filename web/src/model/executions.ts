// Which of a node's executions stands for it.
import { isFinal } from "./status";
import type { NodeRun } from "./types";

type Execution = Pick<NodeRun, "id" | "status" | "sub_number">;

/**
 * The execution that a node is shown as. One that goes on before those that have ended: it is what can be stopped, and what
 * keeps the node from being started again. Then the one with the highest number, as the server has it: where somebody starts a
 * node while what comes before it runs again, a lower number may be made later.
 */
export function current<E extends Execution>(executions: readonly E[]): E | undefined {
  const counts = (a: E, b: E) => Number(!isFinal(a.status)) - Number(!isFinal(b.status)) || a.sub_number - b.sub_number || a.id - b.id;
  return executions.reduce<E | undefined>((best, one) => (best && counts(best, one) > 0 ? best : one), undefined);
}

/** Those that go on, in their order. */
export function inProgress<E extends Execution>(executions: readonly E[]): E[] {
  return executions.filter((n) => !isFinal(n.status));
}

/** Executions by their nodes. */
export function byNode<E extends Pick<NodeRun, "node">>(all: readonly E[]): Map<string, E[]> {
  const found = new Map<string, E[]>();
  for (const one of all) {
    const known = found.get(one.node);
    if (known) known.push(one);
    else found.set(one.node, [one]);
  }
  return found;
}
