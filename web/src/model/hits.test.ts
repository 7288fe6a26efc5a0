import { expect, test } from "vitest";
import { Hits } from "./hits";

const step = (n: number, lines: number[], more = false) => ({ step: n, lines, more });

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
  expect(hits.gap(1, 1)).toEqual({ step: 0, line: 10 });
  // Backwards from the next step the same ones would be passed over.
  expect(hits.gap(2, -1)).toEqual({ step: 0, line: 10 });
  expect(hits.gap(1, -1)).toBeUndefined();
  const all = hits.with(step(0, [12]));
  expect([all.text(1), all.gap(1, 1), all.next(1, 1)]).toEqual(["2 of 4", undefined, 2]);
});

test("backwards from the first place: the last known one of a step with more is not its last", () => {
  expect(new Hits([step(0, [3, 9], true)]).gap(0, -1)).toEqual({ step: 0, line: 10 });
});

test("more may come to be none, and the next one is the first", () => {
  const hits = new Hits([step(0, [3, 9], true)]).with(step(0, []));
  expect([hits.more, hits.gap(1, 1), hits.text(1), hits.next(1, 1)]).toEqual([false, undefined, "2 of 2", 0]);
});

test("large counts can be read", () => {
  const hits = new Hits([step(0, Array.from({ length: 2000 }, (_, i) => i), true)]);
  expect(hits.text(1233)).toBe("1,234 of 2,000+");
});
