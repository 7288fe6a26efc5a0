// Runs, of a workflow or of all there is to read, as many as there are: pages of what is in view, newest first.
import { keepPreviousData, queryOptions, useQueries, useQuery } from "@tanstack/react-query";
import { blocks, find, PAGE, type RunPage } from "../model/history";
import { GATE } from "../model/status";
import type { RunBrief } from "../model/types";
import { client, data } from "./client";

/** What the server filters by; empty = any. */
export interface HistoryFilter {
  status: string;
  branch: string;
  author: string;
  tag: string;
}

/** Of one workflow, of one project, or over all projects. */
export type HistoryOf = { key: string; workflow: string } | { project: string } | undefined;

export function historyPage(of: HistoryOf, filter: HistoryFilter, name: string | number, offset: number, limit: number) {
  return queryOptions({
    queryKey: ["runs", of, "history", filter, name],
    queryFn: async ({ signal }): Promise<RunPage> => {
      const { status, ...rest } = filter;
      // A gate is no status of the server's, but people look for it as one.
      // What waits at one has succeeded only so far.
      const standing = status === GATE ? { gates: true } : status === "Success" ? { status, gates: false } : { status };
      const given = Object.entries({ ...rest, ...standing }).filter(([, value]) => value !== "" && value !== undefined);
      const query = { offset, limit, ...(of && "project" in of && of), ...Object.fromEntries(given) };
      let total = NaN;
      const counted = <T extends { response: Response }>(got: T): T => {
        total = Number(got.response.headers.get("x-total-count") ?? NaN);
        return got;
      };
      const runs: RunBrief[] = await data(
        of && "workflow" in of
          ? client.GET("/v1/projects/{key}/workflows/{workflow}/runs", { params: { path: of, query }, signal }).then(counted)
          : client.GET("/v1/runs", { params: { query }, signal }).then(counted),
      );
      return { runs, offset, total: Number.isNaN(total) ? offset + runs.length : total };
    },
  });
}

/** The newest page: what a list begins with. */
export const firstPage = (of: HistoryOf, filter: HistoryFilter) => historyPage(of, filter, "first", 0, PAGE);

/** `runs` is the first page with its state; `count` how many there are; `run` one by its place, once it is known. */
export function useRunHistory(of: HistoryOf, filter: HistoryFilter, range: readonly [number, number]) {
  const head = useQuery(firstPage(of, filter));
  const count = head.data?.total ?? 0;
  const wanted = blocks(count, Math.max(range[0], PAGE), range[1]);
  const pages = useQueries({
    queries: wanted.map((b) => ({ ...historyPage(of, filter, b.block, b.offset, b.limit), placeholderData: keepPreviousData })),
  });
  const known = [head.data, ...pages.map((p) => p.data)];
  return { runs: head, count, run: (i: number) => find(known, count, i) };
}
