// The runs of a workflow, as many as there are: pages of what is in view, newest first.
import { keepPreviousData, queryOptions, useQueries, useQuery } from "@tanstack/react-query";
import { blocks, find, PAGE, type RunPage } from "../model/history";
import { client, data } from "./client";

export interface HistoryFilter {
  status: string;
  tag: string;
}

function page(key: string, workflow: string, filter: HistoryFilter, name: string | number, offset: number, limit: number) {
  return queryOptions({
    queryKey: ["runs", key, workflow, "history", filter, name],
    queryFn: async ({ signal }): Promise<RunPage> => {
      let total = 0;
      const answer = client.GET("/v1/projects/{key}/workflows/{workflow}/runs", {
        params: { path: { key, workflow }, query: { limit, offset, ...(filter.status && { status: filter.status }), ...(filter.tag && { tag: filter.tag }) } },
        signal,
      });
      const runs = await data(
        answer.then((got) => {
          total = Number(got.response.headers.get("x-total-count") ?? NaN);
          return got;
        }),
      );
      return { runs, offset, total: Number.isNaN(total) ? offset + runs.length : total };
    },
  });
}

/** `runs` is the first page with its state; `count` how many there are; `run` one by its place, once it is known. */
export function useRunHistory(key: string, workflow: string, filter: HistoryFilter, range: readonly [number, number]) {
  const head = useQuery(page(key, workflow, filter, "first", 0, PAGE));
  const count = head.data?.total ?? 0;
  const wanted = blocks(count, Math.max(range[0], PAGE), range[1]);
  const pages = useQueries({
    queries: wanted.map((b) => ({ ...page(key, workflow, filter, b.block, b.offset, b.limit), placeholderData: keepPreviousData })),
  });
  const known = [head.data, ...pages.map((p) => p.data)];
  return { runs: head, count, run: (i: number) => find(known, count, i) };
}
