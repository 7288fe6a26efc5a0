import { expect, test } from "vitest";
import { FIRST, Hits, MOST } from "./hits";

const step = (n: number, lines: number[], more = false, asked = FIRST) => ({ step: n, lines, more, asked });

test("places of all steps in their order, around at the ends", () => {
  const hits = new Hits([step(0, [3, 9]), step(1, []), step(2, [1])]);
  expect([0, 1, 2, 3, -1].map((i) => hits.at(i))).toEqual([{ step: 0, line: 3 }, { step: 0, line: 9 }, { step: 2, line: 1 }, undefined, undefined]);
  expect([hits.next(0, 1), hits.next(2, 1), hits.next(0, -1)]).toEqual([1, 0, 2]);
  expect([0, 1, 2].map((i) => hits.indexOf(hits.at(i)!))).toEqual([0, 1, 2]);
  expect(hits.text(1)).toBe("2 of 3");
  expect(new Hits([step(0, [])]).text(0)).toBe("Not found");
});

test("that there are more is said, and they are asked for before they are passed over", () => {
  const hits = new Hits([step(0, [3, 9], true), step(1, [1])]);
  expect(hits.text(0)).toBe("1 of 3+");
  expect(hits.gap(0, 1)).toBeUndefined();
  expect(hits.gap(1, 1)).toBe(0);
  // Backwards from the next step the same ones would be passed over.
  expect(hits.gap(2, -1)).toBe(0);
  expect(hits.gap(1, -1)).toBeUndefined();
  const all = hits.with(step(0, [3, 9, 12], false, MOST));
  expect([all.text(1), all.gap(1, 1), all.next(1, 1)]).toEqual(["2 of 4", undefined, 2]);
});

test("backwards from the first place: the last known one of a step with more is not its last", () => {
  expect(new Hits([step(0, [3, 9], true)]).gap(0, -1)).toBe(0);
});

test("what not even the most has is out of reach, and said so", () => {
  const hits = new Hits([step(0, [3, 9], true, MOST)]);
  expect([hits.more, hits.beyond, hits.gap(1, 1), hits.text(0)]).toEqual([true, true, undefined, "1 of 2+"]);
});

test("large counts can be read", () => {
  const hits = new Hits([step(0, Array.from({ length: 2000 }, (_, i) => i), true)]);
  expect(hits.text(1233)).toBe("1,234 of 2,000+");
});
