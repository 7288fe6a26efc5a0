import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import type { HistorySearch, JobSearch, ProjectSearch, RunSearch, WorkflowSearch } from "../model/search";

type Change = Partial<HistorySearch & ProjectSearch & WorkflowSearch & RunSearch & JobSearch>;

/** Changes what the address says of this page, and keeps the rest. It makes no step in the browser's history, and moves nothing. */
export function useSetSearch<C extends Change>(): (change: C, hash?: string) => void {
  const navigate = useNavigate();
  return useCallback((change, hash) => void navigate({ to: ".", search: (old) => ({ ...old, ...change }), hash, replace: true, resetScroll: false, hashScrollIntoView: false }), [navigate]);
}
