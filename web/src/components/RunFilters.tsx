import { useSearch } from "@tanstack/react-router";
import type { HistoryFilter } from "../api/history";
import { useSetSearch } from "../util/search";

/** What the address says of a list of runs. */
export function useRunFilter(): [HistoryFilter, (change: Partial<HistoryFilter>) => void] {
  const { status = "", branch = "", author = "", tag = "" } = useSearch({ strict: false });
  return [{ status, branch, author, tag }, useSetSearch()];
}

export const NO_FILTER: HistoryFilter = { status: "", branch: "", author: "", tag: "" };
export const isFiltered = (filter: HistoryFilter) => Object.values(filter).some(Boolean);
