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

/** Whose draft it is counts: another user may sign in after a session has ended. */
const nameOf = (user: string, page: string) => `cds.draft ${user} ${page}`;

/** Types whose values may be kept. What is not among them, such as a password, may be a secret. */
const PLAIN = new Set(["string", "number", "text", "boolean", "list"]);

export function readDraft(store: Store, user: string, page: string): Draft | undefined {
  try {
    const found: unknown = JSON.parse(store.getItem(nameOf(user, page)) ?? "null");
    return isDraft(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

export function keepDraft(store: Store, user: string, page: string, draft: Draft, fields: readonly ParameterField[]): void {
  const plain = new Set(fields.filter((f) => PLAIN.has(f.kind)).map((f) => f.name));
  const values = Object.fromEntries(Object.entries(draft.values).filter(([name]) => plain.has(name)));
  try {
    store.setItem(nameOf(user, page), JSON.stringify({ ...draft, values }));
  } catch {
    // It then lasts as long as the form.
  }
}

export function dropDraft(store: Store, user: string, page: string): void {
  try {
    store.removeItem(nameOf(user, page));
  } catch {
    // Nothing was kept.
  }
}

function isDraft(found: unknown): found is Draft {
  if (typeof found !== "object" || found === null) return false;
  const { values, rows } = found as Partial<Draft>;
  return typeof values === "object" && values !== null && Array.isArray(rows);
}
