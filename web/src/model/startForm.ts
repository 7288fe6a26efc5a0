// The form that starts a run: parameters of its first pipeline, and the payload as fields or JSON.
import type { Parameter, PipelineParameter } from "./types";

export interface ParameterField {
  name: string;
  kind: string;
  description: string;
  /** What the field begins with: what the server takes if nobody touches it, or what somebody typed for an earlier run. */
  initial: string;
  /** The run keeps what its own pipeline set, which the server does not tell: the field begins empty, and empty sends nothing. */
  unknown: boolean;
  /** Somebody typed it for the earlier run; it is sent, for the server would not take it by itself. */
  byHand: boolean;
  /** What the workflow or the pipeline sets, where the field begins with something else. */
  otherwise: string | undefined;
  otherwiseOf: "workflow" | "pipeline";
  /** Of lists and booleans. */
  choices: string[];
}

const PREFIX = "cds.pip.";

/** Origins of parameters that a person typed. */
const BY_HAND = new Set(["person", "by hand"]);

/**
 * Fields for a pipeline's parameters: with what somebody typed for an earlier run, the node's own values, or the defaults.
 * Of `earlier` nothing else is taken: its values are interpolated, and would hold the new run to the branch of the old one.
 * `kept`: a run goes on with a pipeline that was changed since; of its own only the names are known, from an execution.
 */
export function parameterFields(declared: readonly PipelineParameter[], ofNode: Record<string, string> = {}, earlier: readonly Parameter[] = [], kept = false): ParameterField[] {
  const typed = new Map(earlier.filter((p) => p.name.startsWith(PREFIX) && BY_HAND.has(p.origin)).map((p) => [p.name.slice(PREFIX.length), p.value]));
  // The server takes names that the pipeline does not declare, too.
  const others = [...typed.keys()].filter((name) => !declared.some((p) => p.name === name)).map((name): PipelineParameter => ({ name, type: "string", default: "" }));
  if (kept) return keptFields(declared, ofNode, earlier, typed);
  return [...declared, ...others].map((p) => {
    // Of a list the first counts, also where the node sets one.
    const first = (value: string) => (p.type === "list" ? (value.split(";")[0] ?? "") : value);
    const choices = p.type === "list" ? p.default.split(";") : p.type === "boolean" ? ["true", "false"] : [];
    const fallback = first(p.default) || (p.type === "boolean" ? "false" : "");
    const own = ofNode[p.name];
    const byHand = typed.get(p.name);
    const usual = own === undefined ? fallback : first(own);
    const initial = byHand ?? usual;
    const ofWorkflow = byHand !== undefined && own !== undefined;
    const otherwise = ofWorkflow ? usual : fallback;
    return {
      name: p.name,
      kind: p.type,
      description: p.description ?? "",
      initial,
      unknown: false,
      byHand: byHand !== undefined,
      otherwise: initial === otherwise ? undefined : otherwise,
      otherwiseOf: ofWorkflow ? "workflow" : "pipeline",
      choices: choices.length > 0 && !choices.includes(initial) ? [initial, ...choices] : choices,
    };
  });
}

function keptFields(declared: readonly PipelineParameter[], ofNode: Record<string, string>, earlier: readonly Parameter[], typed: ReadonlyMap<string, string>): ParameterField[] {
  const had = earlier.filter((p) => p.name.startsWith(PREFIX)).map((p) => p.name.slice(PREFIX.length));
  return (had.length > 0 ? had : declared.map((p) => p.name)).map((name) => {
    const known = typed.get(name) ?? ofNode[name];
    return { name, kind: "string", description: "", initial: known ?? "", unknown: known === undefined, byHand: typed.has(name), otherwise: undefined, otherwiseOf: "pipeline", choices: [] };
  });
}

/**
 * What is sent: what somebody touched, also where it was set back to what the field began with, and what somebody had typed
 * for the earlier run. What the server takes by itself is not fixed by that, so that a default which is changed later, or
 * holds the name of a branch, still counts.
 */
export function chosen(fields: readonly ParameterField[], touched: Record<string, string>): Record<string, string> {
  return Object.fromEntries(fields.filter((f) => f.byHand || (f.unknown ? touched[f.name] : touched[f.name] !== undefined)).map((f) => [f.name, touched[f.name] ?? f.initial]));
}

/** A payload with the values that a node is passed on by what comes before it: one of them may have been given others. */
export function passedOn(payload: Record<string, string>, before: readonly Parameter[] | undefined): Record<string, string> {
  const values = new Map(before?.map((p) => [p.name, p.value]));
  return Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, values.get(name) ?? value]));
}

/** One value of the payload. */
export interface PayloadRow {
  id: number;
  name: string;
  value: string;
  /** The workflow or the earlier run knows it: its name can't be changed. */
  fixed: boolean;
}

export function payloadRows(payload: Record<string, string>, known: Record<string, string> = payload): PayloadRow[] {
  return Object.entries(payload).map(([name, value], id) => ({ id, name, value, fixed: Object.hasOwn(known, name) }));
}

/** The payload of fields; those without a name are left out. */
export function collected(rows: readonly PayloadRow[]): Record<string, string> {
  return Object.fromEntries(rows.filter((r) => r.name.trim() !== "").map((r) => [r.name.trim(), r.value]));
}

/** Rows whose name another one above has: only one value can be sent. */
export function doubled(rows: readonly PayloadRow[]): Set<number> {
  const seen = new Set<string>();
  const found = new Set<number>();
  for (const { id, name } of rows) {
    const trimmed = name.trim();
    if (trimmed === "") continue;
    if (seen.has(trimmed)) found.add(id);
    seen.add(trimmed);
  }
  return found;
}

/** JSON as values of fields, or why it can't be shown so. */
export function fieldsOf(json: string): { values: Record<string, string> } | { why: string } {
  if (json.trim() === "") return { values: {} };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { why: "This is not JSON yet." };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { why: "Only an object has fields." };
  const plain = Object.entries(value).map(([name, v]) => [name, typeof v === "string" ? v : typeof v === "boolean" || Number.isSafeInteger(v) ? String(v) : undefined] as const);
  const other = plain.find(([, v]) => v === undefined);
  if (other) return { why: `Fields hold text, whole numbers, true and false: “${other[0]}” is something else.` };
  return { values: Object.fromEntries(plain) as Record<string, string> };
}
