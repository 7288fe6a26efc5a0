// What an address may say after its `?`: all of it is text from outside, so each value is checked where it is read.

import { isFilter } from "./status";

type Given = Record<string, unknown>;

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
/** What is no status filters nothing. */
const status = (value: unknown): string | undefined => (typeof value === "string" && isFilter(value) ? value : undefined);
const number = (value: unknown, least: number): number | undefined => {
  const n = typeof value === "number" ? value : typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : NaN;
  return n >= least ? n : undefined;
};

/** Filters of a list of runs. */
export interface HistorySearch {
  status?: string;
  branch?: string;
  author?: string;
  tag?: string;
}

export interface ProjectSearch extends HistorySearch {
  /** Without: its workflows. */
  list?: "runs";
  /** Of the workflows: a word in their name or description, and what they are sorted by. */
  word?: string;
  order?: WorkflowOrder;
}

export const WORKFLOW_ORDERS = ["name", "run", "status", "changed"] as const;
export type WorkflowOrder = (typeof WORKFLOW_ORDERS)[number];

export interface WorkflowSearch extends HistorySearch {
  /** Anything: the form to start a run is open. */
  start?: string;
}

export const TABS = ["failures", "jobs", "tests", "artifacts", "changes", "infos"] as const;
export type RunTab = (typeof TABS)[number];

export interface RunSearch {
  /** The node that is shown; `name` is what jobs get told of theirs (`cds.ui.pipeline.run`). */
  node?: string;
  name?: string;
  /** One execution of the node, by its id. */
  exec?: string;
  tab?: RunTab;
}

export interface JobSearch {
  /** From 0. */
  step?: number;
  /** From 1. */
  attempt?: number;
}

export const historySearch = (s: Given): HistorySearch => ({ status: status(s.status), branch: text(s.branch), author: text(s.author), tag: text(s.tag) });
export const projectSearch = (s: Given): ProjectSearch => ({ ...historySearch(s), list: s.list === "runs" ? "runs" : undefined, word: text(s.word), order: WORKFLOW_ORDERS.find((o) => o === s.order) });
export const workflowSearch = (s: Given): WorkflowSearch => ({ ...historySearch(s), start: text(s.start) });
export const runSearch = (s: Given): RunSearch => ({ node: text(s.node), name: text(s.name), exec: text(s.exec), tab: TABS.find((t) => t === s.tab) });
export const jobSearch = (s: Given): JobSearch => ({ step: number(s.step, 0), attempt: number(s.attempt, 1) });

/** As browsers and cdsctl write it: text, not JSON. Of a name given twice the first counts. */
export function parseSearch(search: string): Record<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(search)) if (!found.has(name)) found.set(name, value);
  return Object.fromEntries(found);
}

/** What is empty vanishes from the address. */
export function stringifySearch(search: Given): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  const text = query.toString();
  return text ? `?${text}` : "";
}
