import { expect, test } from "vitest";
import { compare } from "./compare";

test("numbers by size, words as people sort them", () => {
  expect([10, 9, -1].sort(compare)).toEqual([-1, 9, 10]);
  expect(["job-10", "Job-9", "job-1"].sort(compare)).toEqual(["job-1", "Job-9", "job-10"]);
  expect(["b", 3, "a"].sort(compare)).toEqual([3, "a", "b"]);
  expect(compare(undefined, "")).toBe(0);
});
