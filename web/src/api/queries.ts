// One place for every read: key, function, how long it stays fresh. The event stream marks them stale.
import { queryOptions } from "@tanstack/react-query";
import type { Run, Tests, Workflow } from "../model/types";
import { client, data } from "./client";

export interface RunFilter {
  status?: string;
  tag?: string;
  limit?: number;
}

export const queries = {
  me: () => queryOptions({ queryKey: ["me"], queryFn: () => data(client.GET("/v1/users/me")), staleTime: Infinity }),
  /** Whether somebody has started a run; once that is so, it stays so. */
  hasStarted: (username: string) =>
    queryOptions({
      queryKey: ["me", "started", username],
      queryFn: async () => (await data(client.GET("/v1/runs", { params: { query: { author: username, limit: 1 } } }))).length > 0,
      staleTime: ({ state }) => (state.data ? Infinity : 0),
      enabled: username !== "",
    }),
  authOptions: () => queryOptions({ queryKey: ["auth", "options"], queryFn: () => data(client.GET("/v1/auth/options")) }),
  tokens: () => queryOptions({ queryKey: ["auth", "tokens"], queryFn: () => data(client.GET("/v1/auth/tokens")) }),
  candidates: (job: string) =>
    queryOptions({ queryKey: ["queue", "candidates", job], queryFn: () => data(client.GET("/v1/jobs/{job}/candidates", { params: { path: { job } } })) }),
  pipeline: (key: string, pipeline: string) =>
    queryOptions({
      queryKey: ["pipeline", key, pipeline],
      queryFn: () => data(client.GET("/v1/projects/{key}/pipelines/{pipeline}", { params: { path: { key, pipeline } } })),
    }),
  version: () => queryOptions({ queryKey: ["version"], queryFn: () => data(client.GET("/v1/version")), staleTime: Infinity }),
  recent: (limit = 50) =>
    queryOptions({ queryKey: ["runs", "recent", limit], queryFn: () => data(client.GET("/v1/runs", { params: { query: { limit } } })) }),
  projects: () => queryOptions({ queryKey: ["projects"], queryFn: () => data(client.GET("/v1/projects")) }),
  project: (key: string) =>
    queryOptions({ queryKey: ["project", key], queryFn: () => data(client.GET("/v1/projects/{key}", { params: { path: { key } } })) }),
  workflows: (key: string) =>
    queryOptions({
      queryKey: ["workflows", key],
      queryFn: async () =>
        (await data(client.GET("/v1/projects/{key}/workflows", { params: { path: { key } } }))) as unknown as Workflow[],
    }),
  workflow: (key: string, workflow: string) =>
    queryOptions({
      queryKey: ["workflow", key, workflow],
      queryFn: async () =>
        (await data(
          client.GET("/v1/projects/{key}/workflows/{workflow}", { params: { path: { key, workflow } } }),
        )) as unknown as Workflow,
    }),
  runs: (key: string, workflow: string, filter: RunFilter) =>
    queryOptions({
      queryKey: ["runs", key, workflow, filter],
      queryFn: () =>
        data(
          client.GET("/v1/projects/{key}/workflows/{workflow}/runs", {
            params: { path: { key, workflow }, query: filter },
          }),
        ),
    }),
  tagValues: (key: string, workflow: string, tag: string) =>
    queryOptions({
      queryKey: ["runs", key, workflow, "values", tag],
      queryFn: () => data(client.GET("/v1/projects/{key}/workflows/{workflow}/tags/{tag}", { params: { path: { key, workflow, tag } } })),
    }),
  /** A run without the parameters of its executions, which are most of a large one. */
  run: (key: string, workflow: string, number: string) =>
    queryOptions({
      queryKey: ["run", key, workflow, number],
      queryFn: ({ signal }) => readRun(key, workflow, number, { parameters: false }, signal),
    }),
  /** Some executions of a run with their parameters. */
  parameters: (key: string, workflow: string, number: string, ids: readonly number[]) =>
    queryOptions({
      queryKey: ["run", key, workflow, number, "parameters", ids],
      queryFn: ({ signal }) => readRun(key, workflow, number, { node_runs: ids.join(",") }, signal),
      enabled: ids.length > 0,
    }),
  tests: (key: string, workflow: string, number: string) =>
    queryOptions({
      queryKey: ["run", key, workflow, number, "tests"],
      queryFn: async () =>
        (await data(
          client.GET("/v1/projects/{key}/workflows/{workflow}/runs/{number}/tests", {
            params: { path: { key, workflow, number } },
          }),
        )) as unknown as Tests,
    }),
  artifacts: (key: string, workflow: string, number: string) =>
    queryOptions({
      queryKey: ["run", key, workflow, number, "artifacts"],
      queryFn: () =>
        data(
          client.GET("/v1/projects/{key}/workflows/{workflow}/runs/{number}/artifacts", {
            params: { path: { key, workflow, number } },
          }),
        ),
    }),
  changes: (key: string, workflow: string, number: string) =>
    queryOptions({
      queryKey: ["run", key, workflow, number, "changes"],
      queryFn: () => data(client.GET("/v1/projects/{key}/workflows/{workflow}/runs/{number}/changes", { params: { path: { key, workflow, number } } })),
    }),
  /** The last lines of a step that has ended. */
  logEnd: (job: string, attempt: number, step: number) =>
    queryOptions({
      queryKey: ["log-end", job, attempt, step],
      queryFn: () => data(client.GET("/v1/jobs/{job}/attempts/{attempt}/steps/{step}/lines", { params: { path: { job, attempt, step }, query: { first: -16, count: 16 } } })),
      staleTime: Infinity,
    }),
  queue: () => queryOptions({ queryKey: ["queue"], queryFn: () => data(client.GET("/v1/queue")) }),
  queueNodes: () => queryOptions({ queryKey: ["queue", "nodes"], queryFn: () => data(client.GET("/v1/queue/nodes")) }),
  workers: () => queryOptions({ queryKey: ["workers"], queryFn: () => data(client.GET("/v1/workers")) }),
  hatcheries: () =>
    queryOptions({ queryKey: ["hatcheries"], queryFn: () => data(client.GET("/v1/hatcheries")) }),
  search: (q: string) =>
    queryOptions({
      queryKey: ["search", q],
      queryFn: ({ signal }) => data(client.GET("/v1/search", { params: { query: { q } }, signal })),
      enabled: q.trim().length > 0,
    }),
};

async function readRun(key: string, workflow: string, number: string, query: { parameters?: boolean; node_runs?: string }, signal?: AbortSignal): Promise<Run> {
  const answer = client.GET("/v1/projects/{key}/workflows/{workflow}/runs/{number}", { params: { path: { key, workflow, number }, query }, signal });
  return (await data(answer)) as unknown as Run;
}

/** What has changed of a run: some executions, without parameters and graph. */
export function runPart(key: string, workflow: string, number: string, ids: readonly number[]): Promise<Run> {
  return readRun(key, workflow, number, { parameters: false, node_runs: ids.join(",") });
}

/** Starts a run, or goes on with one; `intent`: see `Intents`. */
export async function startRun(
  key: string,
  workflow: string,
  body: {
    payload?: unknown;
    parameters?: Record<string, string>;
    number?: number;
    from_nodes?: string[];
    only_failed_jobs?: boolean;
  },
  intent: string,
): Promise<Run> {
  return (await data(
    client.POST("/v1/projects/{key}/workflows/{workflow}/runs", {
      params: { path: { key, workflow }, header: { "Idempotency-Key": intent } },
      body: body as never,
    }),
  )) as unknown as Run;
}

/** Takes up a run that was set aside because its record could not be read. */
export async function unparkRun(key: string, workflow: string, number: string): Promise<void> {
  await data(client.POST("/v1/projects/{key}/workflows/{workflow}/runs/{number}/unpark", { params: { path: { key, workflow, number } } }));
}

export async function stopRun(key: string, workflow: string, number: string, node?: string): Promise<void> {
  await data(
    client.POST("/v1/projects/{key}/workflows/{workflow}/runs/{number}/stop", {
      params: { path: { key, workflow, number } },
      body: node ? { node } : {},
    }),
  );
}
