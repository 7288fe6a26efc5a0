import { expect, test } from "vitest";
import { cause, firstOpen, followed, HEAD, opensAt, opensAtEnd, silentText, whyStep } from "./steps";

const steps = (...statuses: string[]) => statuses.map((status, step) => ({ step, status, start: status === "" ? null : "2026-01-01T00:00:00Z" }));
const job = (status: string, ...statuses: string[]) => ({ status, steps: steps(...statuses) });

test("a link to a step that has ended stays there while its job runs, any other follows", () => {
  const running = job("Building", "Success", "Building", "");
  expect([undefined, 0, 1, 2, 9].map((marked) => opensAtEnd(running, marked, undefined))).toEqual([true, false, true, true, true]);
  expect(opensAtEnd(running, 1, { from: 3, to: 3 })).toBe(false);
  expect(opensAtEnd(job("Success", "Success"), undefined, undefined)).toBe(false);
  expect([opensAt(running, 0, undefined), firstOpen(running, 0)]).toEqual([{ step: 0, line: HEAD }, 0]);
});

test("of what failed the end is shown, of what is marked the mark", () => {
  const failed = job("Fail", "Success", "Fail", "Success");
  expect([undefined, 0, 1].map((marked) => opensAt(failed, marked, undefined))).toEqual([{ step: 1, line: Infinity }, { step: 0, line: HEAD }, { step: 1, line: Infinity }]);
  expect(opensAt(failed, 1, { from: 4, to: 6 })).toEqual({ step: 1, line: 4 });
  expect(opensAt(job("Success", "Success"), undefined, undefined)).toBeUndefined();
  expect(firstOpen(failed, undefined)).toBe(1);
});

test("a step is followed until the next one begins, and after the end of its job", () => {
  expect(followed(steps("Success", "Building", ""))?.step).toBe(1);
  expect(followed(steps("Success", "Success", ""))?.step).toBe(1);
  expect(followed(steps("Fail", "Success"))?.step).toBe(1);
  expect(followed(steps("", ""))).toBeUndefined();
});

test("an optional step that failed is nobody's cause: the log opens elsewhere, but for who asks for it", () => {
  const [lint, real] = [{ step: 0, status: "Fail", optional: true, start: "2026-01-01T00:00:00Z" }, { step: 1, status: "Fail", start: "2026-01-01T00:00:01Z" }];
  const failed = { status: "Fail", steps: [lint, real] };
  expect([cause(failed.steps)?.step, firstOpen(failed, undefined), opensAt(failed, undefined, undefined)]).toEqual([1, 1, { step: 1, line: Infinity }]);
  expect(opensAt(failed, 0, undefined)).toEqual({ step: 0, line: Infinity });
  const green = { status: "Success", steps: [lint, { ...real, status: "Success" }] };
  expect([cause(green.steps), firstOpen(green, undefined), opensAt(green, undefined, undefined)]).toEqual([undefined, 1, undefined]);
  expect([lint, { ...lint, reason: "exit 1" }, { ...real, reason: "exit 2" }, { ...lint, status: "Success" }].map(whyStep)).toEqual(["failed, optional: the job goes on", "failed, optional: the job goes on · exit 1", "exit 2", ""]);
});

test("a step that did not run is not told as one that may still come, nor as a silent one", () => {
  expect(["", "Building", "Success", "Never Built", "Skipped"].map((s) => silentText(s, false))).toEqual(["Not reached yet", "Nothing printed yet", "It printed nothing", "Not run", "Not run"]);
  expect(["", "Success", "Stopped"].map((s) => silentText(s, true))).toEqual(["Not run", "It printed nothing", "It printed nothing"]);
});
