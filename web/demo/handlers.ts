// The mock of the API. Every path, parameter and answer is typed by the generated schema: what the server does not have
// does not compile here.
import { HttpResponse } from "msw";
import { createOpenApiHttp } from "openapi-msw";
import type { paths } from "../src/api/generated/schema";
import type { ApiError } from "../src/model/types";
import * as d from "./data";
import type { Schemas } from "./schema";
import type { State } from "./states";

const http = createOpenApiHttp<paths>();
const refusal = (code: string, message: string, status: number) =>
  HttpResponse.json({ code, message, request_id: "demo" } satisfies ApiError & { request_id: string }, { status }) as never;

/** The run whose graph has a thousand nodes. */
const WIDE = 57;

/** A stream that says hello and then nothing; cut, it ends at once. */
function stream(cut: boolean): never {
  const body = new ReadableStream({
    start(out) {
      out.enqueue(new TextEncoder().encode(": hello\n\n"));
      if (cut) return out.close();
      const beat = setInterval(() => out.enqueue(new TextEncoder().encode(": still here\n\n")), 15_000);
      (this as { cancel?: () => void }).cancel = () => clearInterval(beat);
    },
  });
  return new HttpResponse(body, { headers: { "content-type": "text/event-stream" } }) as never;
}

export function handlers(state: State) {
  const name = (text: string) => (state === "long" ? `${text}-${d.LONG}` : text);
  const shapes = state === "empty" ? [] : d.shapes.map((s) => ({ ...s, workflow: name(s.workflow), branch: name(s.branch) }));
  const briefs = shapes.map(d.brief).map((b) => (b.number !== d.NEWEST ? b : state === "gate" ? { ...b, status: "Success", at_work: undefined, gates: 1 } : state === "waits" ? { ...b, at_work: 0 } : b));
  const workflowNames = state === "thousands" ? Array.from({ length: 10_000 }, (_, i) => `service-${String(i).padStart(5, "0")}`) : state === "empty" ? [] : [name("release"), name("nightly")];
  const find = (workflow: string, number: string) => {
    const of = briefs.filter((b) => b.workflow_name === workflow);
    return number === "latest" ? of[0] : of.find((b) => String(b.number) === number);
  };
  const queue = (): Schemas["QueueJob"][] => {
    if (state === "empty") return [];
    if (state === "thousands") return Array.from({ length: 5000 }, (_, n) => d.queueJob(n, { name: `job-${n}` }));
    if (state === "parked") return [d.queueJob(0, { reason: d.PARKED, name: "compile" })];
    return [d.queueJob(3, { workflow_name: name("release") }), d.queueJob(2, { status: "Building", name: "browser", worker: "local-3f2c1ab", reason: undefined, requirements: [] })];
  };
  const whole = (b: Schemas["RunBrief"]): Schemas["Run"] => {
    const run = d.run(b);
    if (state === "gate" && b.number === d.NEWEST) return d.gated(b);
    if (state === "waits" && b.number === d.NEWEST) return d.waiting(b);
    if (state !== "thousands") return run;
    const [first, ...rest] = run.node_runs;
    if (!first) return run;
    if (b.number === WIDE) return { ...run, nodes: [...run.nodes, ...d.grid(40, 25)] };
    return { ...run, node_runs: [{ ...first, stages: [{ name: "", status: first.status, jobs: Array.from({ length: 3000 }, (_, n) => d.job(b, n, `shard-${n}`, n % 97 === 5 ? "Fail" : "Success")) }] }, ...rest] };
  };
  type Query = { get: (name: "gates" | "status" | "branch" | "author" | "tag" | "offset" | "limit") => string | null };
  const filtered = (query: Query) => {
    const [status, branch, author, tag] = [query.get("status"), query.get("branch"), query.get("author"), query.get("tag")?.split(":")];
    const has = (b: Schemas["RunBrief"], name: string, value?: string) => b.tags.some((t) => t.tag === name && (value === undefined || t.value === value));
    return briefs.filter((b) => (!status || b.status === status) && (query.get("gates") !== "true" || (b.gates ?? 0) > 0) && (!branch || has(b, "git.branch", branch)) && (!author || has(b, "git.author", author) || b.triggered_by === author) && (!tag?.[0] || has(b, tag[0], tag[1])));
  };
  const page = (found: Schemas["RunBrief"][], query: Query) => {
    const offset = Number(query.get("offset") ?? 0);
    return HttpResponse.json(found.slice(offset, offset + Number(query.get("limit") ?? 50)), { headers: { "x-total-count": String(found.length) } }) as never;
  };
  const rare = [
    ...(state === "forbidden" ? [http.untyped.all("/v1/*", ({ request }) => (/\/(me|version|options|events)$/.test(new URL(request.url).pathname) ? undefined : refusal("forbidden", "you don't have the right to do this", 403)))] : []),
    ...(state === "down" ? [http.untyped.all("/v1/*", () => HttpResponse.error())] : []),
    ...(state === "parked" ? [http.get("/v1/projects/{key}/workflows/{workflow}/runs/{number}", () => refusal("conflict", d.PARKED.text, 409))] : []),
  ];
  return [
    ...rare,
    http.get("/v1/users/me", ({ response }) => response(200).json(d.me)),
    http.get("/v1/auth/options", ({ response }) => response(200).json({ signup: true, mail: true, first_admin: false })),
    http.get("/v1/auth/tokens", ({ response }) => response(200).json([{ id: "t1", type: "session", name: "sign-in", description: "", scopes: [], created: d.ago(600), expires: d.ago(-2e6), last_used: d.ago(5), current: true }])),
    http.get("/v1/version", ({ response }) => response(200).json({ version: "demo", os: "linux", architecture: "amd64", build_time: "", git_hash: "unknown" })),
    http.get("/v1/events", () => stream(state === "cut")),
    http.get("/v1/projects", ({ response }) => response(200).json(state === "empty" ? [] : d.projects)),
    http.get("/v1/projects/{key}", ({ params, response }) => response(200).json(d.projects.find((p) => p.key === params.key) ?? (d.projects[0] as Schemas["Project"]))),
    http.get("/v1/projects/{key}/workflows", ({ response }) => response(200).json(workflowNames.map((n) => ({ ...d.workflow(n, briefs.find((b) => b.workflow_name === n)), nodes: [] })))),
    http.get("/v1/projects/{key}/workflows/{workflow}", ({ params, response }) => response(200).json({ ...d.workflow(params.workflow), ...(state === "gate" && { permission: 4 }) })),
    http.get("/v1/projects/{key}/pipelines/{pipeline}", ({ params, response }) => response(200).json({ name: params.pipeline, description: "", from_repository: "", last_modified: d.ago(1e5), parameters: [{ name: "flavour", type: "list", default: "release;debug", description: "What to compile for" }] })),
    http.get("/v1/projects/{key}/workflows/{workflow}/runs", ({ params, query }) => {
      const found = filtered(query).filter((b) => b.workflow_name === params.workflow);
      return page(found, query);
    }),
    http.get("/v1/projects/{key}/workflows/{workflow}/runs/{number}", ({ params }) => {
      const found = find(params.workflow, params.number);
      return found ? (HttpResponse.json(whole(found)) as never) : refusal("not_found", `resource not found: workflow run ${params.workflow} #${params.number}`, 404);
    }),
    http.get("/v1/projects/{key}/workflows/{workflow}/runs/{number}/tests", ({ response }) => response(200).json(d.tests)),
    http.get("/v1/projects/{key}/workflows/{workflow}/runs/{number}/artifacts", ({ response }) => response(200).json(d.artifacts)),
    http.get("/v1/projects/{key}/workflows/{workflow}/runs/{number}/changes", ({ params, response }) => {
      const of = briefs.filter((b) => b.workflow_name === params.workflow && b.number <= Number(params.number)).slice(0, 8);
      const green = of.findIndex((b, i) => i > 0 && b.status === "Success");
      const all = of.map(d.changed);
      return response(200).json({ same_branch: false, runs: green < 0 ? all : all.slice(0, green), total: green < 0 ? all.length : green, ...(green > 0 && { since: all[green] }) });
    }),
    http.post("/v1/projects/{key}/workflows/{workflow}/runs/{number}/stop", () => refusal("forbidden", "this is a demo: nothing can be changed", 403)),
    http.post("/v1/projects/{key}/workflows/{workflow}/runs", () => refusal("forbidden", "this is a demo: nothing can be started", 403)),
    http.get("/v1/projects/{key}/workflows/{workflow}/tags/{tag}", ({ params, response }) => response(200).json([...new Set(briefs.filter((b) => b.workflow_name === params.workflow).flatMap((b) => b.tags.filter((t) => t.tag === params.tag).map((t) => t.value)))].sort())),
    http.get("/v1/runs", ({ query }) => page(filtered(query), query)),
    http.get("/v1/search", ({ query, response }) => {
      const word = (query.get("q") ?? "").toLowerCase();
      const hit = (kind: string, text: string): Schemas["SearchHit"] => ({ kind, name: text, project_key: "SHOP", description: "" });
      return response(200).json(workflowNames.filter((n) => n.includes(word)).slice(0, 50).map((n) => hit("workflow", n)));
    }),
    http.get("/v1/queue", ({ response }) => response(200).json(queue())),
    http.get("/v1/queue/nodes", ({ response }) => response(200).json(state === "waits" ? [d.queueNode(1), d.queueNode(2)] : [])),
    http.get("/v1/jobs/{job}/candidates", ({ response }) => response(200).json(d.candidates)),
    http.get("/v1/workers", ({ response }) => response(200).json(state === "empty" ? [] : d.workers)),
    http.get("/v1/hatcheries", ({ response }) => response(200).json(state === "empty" ? [] : d.hatcheries)),
    http.get("/v1/jobs/{job}/attempts/{attempt}/steps/{step}/lines", ({ query, response }) => {
      const total = state === "thousands" ? 2_000_000 : 400;
      const asked = Number(query.get("first") ?? 0);
      const first = asked < 0 ? Math.max(0, total + asked) : asked;
      const count = Math.max(0, Math.min(Number(query.get("count") ?? 1000), total - first));
      return response(200).json({ first, total, length: total * 48, complete: true, lines: Array.from({ length: count }, (_, i) => d.logLine(first + i)) });
    }),
    http.get("/v1/jobs/{job}/attempts/{attempt}/steps/{step}/follow", () => stream(state === "cut")),
    http.untyped.all("/v1/*", ({ request }) => refusal("not_found", `the demo has no answer to ${request.method} ${new URL(request.url).pathname}`, 404)),
  ];
}
