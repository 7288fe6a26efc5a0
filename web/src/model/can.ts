// May I, and if not, why not. Buttons are disabled with the reason instead of vanishing.
import { isFinal } from "./status";
import type { NodeRun, Run } from "./types";

export type Answer = { ok: true } | { ok: false; why: string };

const yes: Answer = { ok: true };
const no = (why: string): Answer => ({ ok: false, why });

/** What a user may do, as the server's levels of permissions have it: not read yet, or null where it can't be read. */
export type Level = number | null | undefined;

const RUN = 5;

function mayRun(level: Level): Answer {
  if (level === null) return no("Your permissions could not be read. That is tried again by itself.");
  if (level === undefined) return no("Your permissions are still being read.");
  return level >= RUN ? yes : no("You may read this workflow but not run it: ask for the permission to run (level 5).");
}

export function canStart(level: Level): Answer {
  return mayRun(level);
}

export function canStop(run: Pick<Run, "status">, level: Level): Answer {
  const may = mayRun(level);
  if (!may.ok) return may;
  return isFinal(run.status) ? no("The run has ended already.") : yes;
}

/** A node can be started again once it has ended, and only where everything before it has been started once. */
export function canRestart(run: Run, node: string, level: Level): Answer {
  const may = mayRun(level);
  if (!may.ok) return may;
  if (!run.nodes.some((n) => n.name === node)) return no("This node is not part of the run.");
  const started = new Set(run.node_runs.map((n) => n.node));
  const before = ancestors(run, node);
  const missing = run.nodes.find((n) => before.has(n.name) && !started.has(n.name));
  if (missing) return no(`Start ${missing.name} first: this node comes after it, and it was never run.`);
  if (run.node_runs.some((n) => n.node === node && !isFinal(n.status))) {
    return no("This node is still in progress: stop it, or wait for its end.");
  }
  return yes;
}

/** All nodes that come before one. */
export function ancestors(run: Pick<Run, "nodes">, node: string): Set<string> {
  const parents = new Map(run.nodes.map((n) => [n.name, n.parents]));
  const found = new Set<string>();
  const open = [...(parents.get(node) ?? [])];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    open.push(...(parents.get(name) ?? []));
  }
  return found;
}

export function canRestartFailed(run: Run, node: NodeRun | undefined, level: Level): Answer {
  if (!node) return no("This node has not been run yet.");
  const may = canRestart(run, node.node, level);
  if (!may.ok) return may;
  const failed = node.stages.some((s) => s.jobs.some((j) => j.status === "Fail" || j.status === "Stopped"));
  return failed ? yes : no("No job of this node failed.");
}
