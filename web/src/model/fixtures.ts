// Runs as tests of the model need them: three nodes in a row, and what was executed of them.
import type { NodeRun, Run, WorkflowNode } from "./types";

export function node(name: string, parents: string[] = []): WorkflowNode {
  return { name, kind: "pipeline", parents, pipeline: name, application: "", environment: "", mutex: false, payload: {} };
}

export function ran(id: number, name: string, status: string, sub = 0, jobs: string[] = [status]): NodeRun {
  return {
    id, node: name, status, sub_number: sub, start: "2026-01-01T00:00:00Z", manual: false, parameters: [],
    stages: [{ name: "", status, jobs: jobs.map((s, i) => ({ id: `r.${id * 10 + i}`, name: `j${i}`, status: s, infos: [], attempts: [] })) }],
  };
}

export function run(part: Partial<Run>): Run {
  return {
    id: "r", number: 2, sub_number: 0, version: "2", status: "Fail", project_key: "K", workflow_name: "w", start: "2026-01-01T00:00:00Z",
    last_execution: "2026-01-01T00:01:00Z", triggered_by: "ada", tags: [], payload: {}, infos: [], not_run: [],
    nodes: [node("a"), node("b", ["a"]), node("c", ["b"])], node_runs: [], ...part,
  };
}
