import { expect, test } from "vitest";
import { counts, groupJobs, isGroup, worst } from "./jobGroups";
import type { JobRun } from "./types";

const job = (name: string, status = "Success") => ({ id: name, name, status }) as unknown as JobRun;
const shape = (jobs: JobRun[]) => groupJobs(jobs).map((it) => (isGroup(it) ? `${it.name} × ${it.jobs.length}` : it.name));

test("like jobs of a long stage are one", () => {
  const many = Array.from({ length: 10 }, (_, i) => job(`test ${i}`));
  expect(shape([job("lint"), ...many, job("docs")])).toEqual(["lint", "test × 10", "docs"]);
  expect(shape(["a", "b", "c", "d", "e"].flatMap((os) => [job(`build (${os}, 1)`), job(`build (${os}, 2)`)]))).toEqual(["build × 10"]);
  // A short stage is left as it is, and so are jobs that have nothing in common.
  expect(shape(many.slice(0, 8))).toHaveLength(8);
  expect(shape("abcdefghij".split("").map((name) => job(name)))).toHaveLength(10);
  expect(shape(Array.from({ length: 9 }, (_, i) => job(`${i}`)))).toHaveLength(9);
});

test("a failed job is not hidden in a group", () => {
  const jobs = Array.from({ length: 10 }, (_, i) => job(`test ${i}`, i === 4 ? "Fail" : "Success"));
  expect(shape(jobs)).toEqual(["test × 9", "test 4"]);
});

test("counts begin with what matters", () => {
  const all = [job("a"), job("b", "Waiting"), job("c", "Building"), job("d")];
  expect(counts(all, (s) => s)).toBe("1 building, 1 waiting, 2 success");
});

test("a group has the status of what is most urgent in it", () => {
  expect(worst([job("a"), job("b", "Waiting"), job("c", "Building")])).toBe("Building");
  expect(worst([job("a"), job("b", "Waiting")])).toBe("Waiting");
  expect(worst([job("a"), job("b")])).toBe("Success");
  expect(worst([job("a", "Skipped")])).toBe("Skipped");
});
