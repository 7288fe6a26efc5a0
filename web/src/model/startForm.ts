// Parameters of a run's first pipeline, as a form shows them.
import type { PipelineParameter, Run } from "./types";

export interface ParameterField {
  name: string;
  kind: string;
  description: string;
  /** What the field begins with, and what is sent only if it is changed. */
  initial: string;
  /** Of lists and booleans. */
  choices: string[];
}

const PREFIX = "cds.pip.";

/** Fields for a pipeline's parameters: with the values of an earlier run, the node's own, or the defaults. */
export function parameterFields(declared: readonly PipelineParameter[], ofNode: Record<string, string> = {}, before?: Pick<Run, "node_runs">, node?: string): ParameterField[] {
  const earlier = before?.node_runs.filter((n) => n.node === node).at(-1)?.parameters ?? [];
  return declared.map((p) => {
    const choices = p.type === "list" ? p.default.split(";") : p.type === "boolean" ? ["true", "false"] : [];
    const fallback = p.type === "list" ? (choices[0] ?? "") : p.default || (choices[0] ? "false" : "");
    const ran = earlier.find((e) => e.name === PREFIX + p.name)?.value;
    const initial = ran ?? ofNode[p.name] ?? fallback;
    return { name: p.name, kind: p.type, description: p.description ?? "", initial, choices: choices.length > 0 && !choices.includes(initial) ? [initial, ...choices] : choices };
  });
}

/**
 * What is sent: in a new run only what differs from what the server would take by itself, so that a default which is
 * changed later still counts; on going on with the values of an earlier run, all of them.
 */
export function chosen(fields: readonly ParameterField[], values: Record<string, string>, all: boolean): Record<string, string> {
  return Object.fromEntries(fields.map((f) => [f.name, values[f.name] ?? f.initial] as const).filter(([name, value]) => all || value !== fields.find((f) => f.name === name)?.initial));
}
