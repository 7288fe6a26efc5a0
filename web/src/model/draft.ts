// What somebody typed into the form that starts a run, kept until it is sent or put away.
import type { ParameterField, PayloadRow } from "./startForm";

export interface Draft {
  /** The node that it would start; none = a new run. */
  from?: string;
  /** Parameters that were touched. */
  values: Record<string, string>;
  rows: PayloadRow[];
  json?: string;
  /** The form was put away with it: it is there when somebody opens the form again, and opens none by itself. */
  away?: boolean;
}

/** Where drafts are kept: the storage of a tab, which ends with it. */
type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Whose draft it is counts: another user may sign in after a session has ended. A page has one for each node, and for a new run. */
const nameOf = (user: string, page: string) => `cds.draft ${user} ${page}`;
const keyOf = (from: string | undefined) => from ?? "";

/** Types whose values may be kept. What is not among them, such as a password, may be a secret. */
const PLAIN = new Set(["string", "number", "text", "boolean", "list"]);

/** All drafts of a page, the last one that was typed in at the end. */
function readAll(store: Store, user: string, page: string): Map<string, Draft> {
  try {
    const found: unknown = JSON.parse(store.getItem(nameOf(user, page)) ?? "[]");
    if (!Array.isArray(found)) return new Map();
    return new Map(found.filter(isDraft).map((d) => [keyOf(d.from), d]));
  } catch {
    return new Map();
  }
}

function writeAll(store: Store, user: string, page: string, drafts: ReadonlyMap<string, Draft>): void {
  try {
    if (drafts.size > 0) store.setItem(nameOf(user, page), JSON.stringify([...drafts.values()]));
    else store.removeItem(nameOf(user, page));
  } catch {
    // They then last as long as the form.
  }
}

/** Of one form: a node's, or that of a new run. */
export function readDraft(store: Store, user: string, page: string, from: string | undefined): Draft | undefined {
  return readAll(store, user, page).get(keyOf(from));
}

/** What nobody put away: the form was open when its page went. */
export function leftDraft(store: Store, user: string, page: string): Draft | undefined {
  return [...readAll(store, user, page).values()].findLast((d) => !d.away);
}

export function keepDraft(store: Store, user: string, page: string, draft: Draft, fields: readonly ParameterField[]): void {
  const plain = new Set(fields.filter((f) => PLAIN.has(f.kind)).map((f) => f.name));
  const values = Object.fromEntries(Object.entries(draft.values).filter(([name]) => plain.has(name)));
  const drafts = readAll(store, user, page);
  drafts.delete(keyOf(draft.from));
  writeAll(store, user, page, drafts.set(keyOf(draft.from), { ...draft, values }));
}

export function dropDraft(store: Store, user: string, page: string, from: string | undefined): void {
  const drafts = readAll(store, user, page);
  if (drafts.delete(keyOf(from))) writeAll(store, user, page, drafts);
}

function isDraft(found: unknown): found is Draft {
  if (typeof found !== "object" || found === null) return false;
  const { values, rows } = found as Partial<Draft>;
  return typeof values === "object" && values !== null && Array.isArray(rows);
}
