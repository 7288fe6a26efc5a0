// Pages of a list that grows at its top. They are counted from the oldest run, so that a new one changes only the newest
// page; and each says how many runs there were when it was read, so that its runs stand in their true places.
import type { RunBrief } from "./types";

export const PAGE = 100;

export interface RunPage {
  runs: RunBrief[];
  /** How many were left out before the first one. */
  offset: number;
  /** How many there were in all. */
  total: number;
}

/** The pages that hold the rows `from..to` of `count`: by number, with what to ask for. */
export function blocks(count: number, from: number, to: number): { block: number; offset: number; limit: number }[] {
  const result = [];
  if (from >= Math.min(to, count)) return [];
  const newest = Math.floor((count - 1 - from) / PAGE);
  const oldest = Math.floor((count - Math.min(to, count)) / PAGE);
  for (let block = newest; block >= oldest; block--) {
    const end = Math.min(count, (block + 1) * PAGE);
    result.push({ block, offset: count - end, limit: end - block * PAGE });
  }
  return result;
}

/** The run in row `i` of a list of `count`, if one of the pages holds it. */
export function find(pages: readonly (RunPage | undefined)[], count: number, i: number): RunBrief | undefined {
  const rank = count - 1 - i;
  for (const page of pages) {
    const run = page?.runs[page.total - 1 - page.offset - rank];
    if (run) return run;
  }
  return undefined;
}
