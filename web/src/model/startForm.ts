// Parameters of a run's first pipeline, as a form shows them.
import type { PipelineParameter, Run } from "./types";

export interface ParameterField {
  name: string;
  kind: string;
  description: string;
  /** What the field begins with: what the server takes if nobody touches it. */
  initial: string;
  /** The pipeline's default, where the field begins with something else. */
  otherwise: string | undefined;
  /** Of lists and booleans. */
  choices: string[];
}

const PREFIX = "cds.pip.";

/** Fields for a pipeline's parameters: with the values of an earlier run, the node's own, or the defaults. */
export function parameterFields(declared: readonly PipelineParameter[], ofNode: Record<string, string> = {}, before?: Pick<Run, "node_runs">, node?: string): ParameterField[] {
  const earlier = before?.node_runs.filter((n) => n.node === node).at(-1)?.parameters ?? [];
  return declared.map((p) => {
    // Of a list the first counts, also where the node sets one.
    const first = (value: string) => (p.type === "list" ? (value.split(";")[0] ?? "") : value);
    const choices = p.type === "list" ? p.default.split(";") : p.type === "boolean" ? ["true", "false"] : [];
    const fallback = first(p.default) || (p.type === "boolean" ? "false" : "");
    const own = ofNode[p.name];
    const ran = earlier.find((e) => e.name === PREFIX + p.name)?.value;
    const initial = ran ?? (own === undefined ? fallback : first(own));
    return {
      name: p.name,
      kind: p.type,
      description: p.description ?? "",
      initial,
      otherwise: initial === fallback ? undefined : fallback,
      choices: choices.length > 0 && !choices.includes(initial) ? [initial, ...choices] : choices,
    };
  });
}

/**
 * What is sent: in a new run only what somebody touched, also where it was set back to what the field began with; what the
 * server takes by itself is not fixed by that, so that a default which is changed later still counts. On going on with the
 * values of an earlier run, all of them.
 */
export function chosen(fields: readonly ParameterField[], touched: Record<string, string>, all: boolean): Record<string, string> {
  return Object.fromEntries(fields.filter((f) => all || touched[f.name] !== undefined).map((f) => [f.name, touched[f.name] ?? f.initial]));
}
