import { expect, test } from "vitest";
import { happened } from "./happened";
import type { JobRun, NodeRun } from "./types";

const at = (second: number) => `2026-01-01T23:59:5${second}Z`;
const info = (second: number, text: string) => ({ at: at(second), level: "Info", sub_number: 0, text });
const job = (id: string, name: string, ...infos: JobRun["infos"]): JobRun => ({ id, name, status: "Success", infos, attempts: [] });
const ran = (id: number, sub_number: number, ...jobs: JobRun[]): NodeRun => ({ id, node: "test", status: "Success", sub_number, start: at(0), manual: false, parameters: [], stages: [{ name: "", status: "Success", jobs }] });

test("what a restart of failed jobs copies is told once, with the execution it is of", () => {
  const queued = info(1, "Job has been queued");
  const run = {
    number: 4,
    infos: [info(0, "started"), info(5, "restarted")],
    node_runs: [
      ran(0, 0, job("r.0", "good", queued, info(1, "Job has been taken")), job("r.1", "bad", queued)),
      ran(1, 1, job("r.2", "good", queued, info(1, "Job has been taken")), job("r.3", "bad", info(6, "Job has been queued"))),
      ran(2, 2, job("r.4", "good", queued), job("r.5", "bad", info(7, "Job has been queued"))),
    ],
  };
  expect(happened(run).map((h) => `${h.at.slice(-3, -1)} ${h.where} ${h.text}`)).toEqual([
    "50  started",
    "51 test › good Job has been queued",
    "51 test › good Job has been taken",
    "51 test › bad Job has been queued",
    "55  restarted",
    "56 test 4.1 › bad Job has been queued",
    "57 test 4.2 › bad Job has been queued",
  ]);
});

test("what one job says twice in a moment stays twice", () => {
  const twice = [info(1, "lost"), info(1, "lost")];
  expect(happened({ number: 1, infos: [], node_runs: [ran(0, 0, job("r.0", "a", ...twice))] })).toHaveLength(2);
});
