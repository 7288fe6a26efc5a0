// What happened in a run, in the order of time.
import type { Info, Run } from "./types";

export interface Happened extends Info {
  /** Node and job, with the number of the execution after a restart; empty = the run itself. */
  where: string;
}

/** Everything that a run and its jobs tell. An execution of failed jobs has copies of those that went well: each is told once. */
export function happened(run: Pick<Run, "infos" | "node_runs" | "number">): Happened[] {
  const told = new Set<string>();
  const all: Happened[] = run.infos.map((info) => ({ ...info, where: "" }));
  for (const node of run.node_runs) {
    const name = node.sub_number > 0 ? `${node.node} ${run.number}.${node.sub_number}` : node.node;
    for (const job of node.stages.flatMap((s) => s.jobs)) {
      // The same instant and words of the same job: a copy of a job has another id.
      const fresh = job.infos.filter((info) => !told.has(JSON.stringify([node.node, job.name, info.at, info.text])));
      for (const info of fresh) all.push({ ...info, where: `${name} › ${job.name}` });
      for (const info of fresh) told.add(JSON.stringify([node.node, job.name, info.at, info.text]));
    }
  }
  return all.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}
