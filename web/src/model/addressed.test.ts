import { expect, test } from "vitest";
import { missingOfJob, missingOfRun } from "./addressed";
import type { AttemptRun, JobRun, Run } from "./types";

const run = { node_runs: [{ id: 0, node: "a" }, { id: 1, node: "b" }] } as unknown as Run;

test("an execution that a run does not have is told, unless the address names a node as well", () => {
  expect(missingOfRun(run, {})).toBeUndefined();
  expect(missingOfRun(run, { id: "1", name: "b" })).toBeUndefined();
  expect(missingOfRun(run, { id: "999999" })).toMatch(/execution 999999/);
  expect(missingOfRun(run, { exec: "7", node: "a" })).toMatch(/execution 7/);
  expect(missingOfRun(run, { id: "999999", node: "a" })).toBeUndefined();
});

test("an attempt or a step that a job does not have is told", () => {
  const attempt = { attempt: 1, steps: [{ step: 0 }, { step: 1 }] } as unknown as AttemptRun;
  const job = { attempts: [attempt] } as unknown as JobRun;
  expect(missingOfJob(job, attempt, { step: 1, attempt: 1 })).toBeUndefined();
  expect(missingOfJob(job, attempt, { attempt: 3 })).toMatch(/attempt 3/);
  expect(missingOfJob(job, attempt, { step: 9 })).toMatch(/step 9.*last is 1/);
  expect(missingOfJob({ attempts: [] }, undefined, { step: 9 })).toBeUndefined();
});
