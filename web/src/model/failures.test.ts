import { expect, test } from "vitest";
import { failedJobs, tellingLines } from "./failures";
import type { RunView } from "./runView";
import type { LogLine } from "./types";

const line = (n: number, text: string) => ({ n, text, at_ms: 0, offset: 0 }) as unknown as LogLine;

test("the lines that tell are those of the program", () => {
  const lines = [line(3, "one"), line(4, "\x1b[31mError: two\x1b[0m"), line(5, ""), line(6, "\x1b[1;31mcommand failure: exit status 2\x1b[0m"), line(7, 'End of step "script"')];
  expect(tellingLines(lines, "command failure: exit status 2")).toEqual([{ n: 3, text: "one" }, { n: 4, text: "Error: two" }]);
  expect(tellingLines(lines, "", 1)).toEqual([{ n: 6, text: "command failure: exit status 2" }]);
  expect(tellingLines([], "")).toEqual([]);
});

test("only jobs of a node's last execution count", () => {
  const job = (status: string, attempts: unknown[] = []) => ({ id: `r.${status}`, name: status, status, attempts });
  const latest = { stages: [{ jobs: [job("Success"), job("Fail", [{ attempt: 1, steps: [] }, { attempt: 2, reason: "no disk", steps: [{ step: 0, status: "Success" }, { step: 1, status: "Fail", name: "test", reason: "exit 1" }] }])] }] };
  const early = { stages: [{ jobs: [job("Fail", [{ attempt: 1, reason: "the worker was lost", steps: [] }])] }] };
  const view = { nodes: new Map([["a", { latest }], ["b", { latest: undefined }], ["c", { latest: early }]]) } as unknown as RunView;
  expect(failedJobs(view).map(({ attempt, step, stepName, reason }) => ({ attempt, step, stepName, reason }))).toEqual([
    { attempt: 2, step: 1, stepName: "test", reason: "exit 1" },
    { attempt: 1, step: undefined, stepName: "", reason: "the worker was lost" },
  ]);
});
