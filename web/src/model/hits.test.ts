import { expect, test } from "vitest";
import { Hits } from "./hits";

const step = (n: number, lines: number[], more = false) => ({ step: n, lines, more, grows: false, next: more ? (lines.at(-1) ?? 0) + 1 : 100 });
/** One that still prints: so many lines were looked into. */
const growing = (n: number, lines: number[], next: number) => ({ step: n, lines, more: false, grows: true, next });

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
  expect(hits.gaps(0, 1)).toEqual([]);
  expect(hits.gaps(1, 1)).toEqual([{ step: 0, line: 10 }]);
  // Backwards from the next step the same ones would be passed over.
  expect(hits.gaps(2, -1)).toEqual([{ step: 0, line: 10 }]);
  expect(hits.gaps(1, -1)).toEqual([]);
  const all = hits.with(step(0, [12]), 10);
  expect([all.text(1), all.gaps(1, 1), all.next(1, 1)]).toEqual(["2 of 4", [], 2]);
});

test("backwards from the first place: the last known one of a step with more is not its last", () => {
  expect(new Hits([step(0, [3, 9], true)]).gaps(0, -1)).toEqual([{ step: 0, line: 10 }]);
});

test("from behind, all of a step with more is asked for, and of one that prints once what is new", () => {
  const hits = new Hits([step(0, [3, 9], true), growing(1, [4], 8)]);
  expect(hits.gaps(2, -1)).toEqual([{ step: 0, line: 10 }]);
  expect(hits.with(step(0, [12, 15], true), 10).gaps(4, -1, true)).toEqual([{ step: 0, line: 16 }]);
  expect(hits.gaps(0, -1)).toEqual([{ step: 1, line: 8 }]);
  expect(hits.with(growing(1, [9], 10), 8).gaps(0, -1, true)).toEqual([]);
});

test("more may come to be none, and the next one is the first", () => {
  const hits = new Hits([step(0, [3, 9], true)]).with(step(0, []), 10);
  expect([hits.more, hits.gaps(1, 1), hits.text(1), hits.next(1, 1)]).toEqual([false, [], "2 of 2", 0]);
});

test("large counts can be read", () => {
  const hits = new Hits([step(0, Array.from({ length: 2000 }, (_, i) => i), true)]);
  expect(hits.text(1233)).toBe("1,234 of 2,000+");
});

test("a step that prints is asked again from where it ended, before one goes past its last place or back over its end", () => {
  const hits = new Hits([step(0, [3]), growing(1, [4, 6], 8), step(2, [])]);
  expect(hits.growth).toEqual([{ step: 1, line: 8 }]);
  expect([hits.gaps(0, 1), hits.gaps(1, 1), hits.gaps(2, 1)]).toEqual([[], [], [{ step: 1, line: 8 }]]);
  expect(hits.gaps(0, -1)).toEqual([{ step: 1, line: 8 }]);
  const later = hits.with(growing(1, [9], 12), 8);
  expect([later.count, later.next(2, 1), later.text(2)]).toEqual([4, 3, "3 of 4"]);
  expect(later.with({ ...step(1, []), next: 20 }, 12).growth).toEqual([]);
});

test("a step without a place is not passed over while it prints, and the only place is no end", () => {
  const hits = new Hits([step(0, [3]), growing(1, [], 5)]);
  expect([hits.gaps(0, 1), hits.gaps(0, -1)]).toEqual([[{ step: 1, line: 5 }], [{ step: 1, line: 5 }]]);
  expect(new Hits([growing(0, [], 5), step(1, [])]).gaps(-1, 1)).toEqual([{ step: 0, line: 5 }]);
});

test("what a line that was not at its end says later replaces what it said", () => {
  const hits = new Hits([growing(0, [3, 7], 7)]);
  expect(hits.with(growing(0, [7, 8], 9), 7).count).toBe(3);
  const gone = hits.with(growing(0, [], 9), 7);
  expect([gone.count, gone.indexOf({ step: 0, line: 7 })]).toEqual([1, -1]);
  expect([gone.text(-1), gone.next(-1, 1), gone.next(-1, -1)]).toEqual(["1 found", 0, 0]);
});

test("a step that began after the search is asked too, and stands in its place", () => {
  const hits = new Hits([step(0, [1]), step(2, [1])]);
  expect(hits.unknown([0, 1, 2])).toEqual([{ step: 1, line: 0 }]);
  expect(hits.with(step(1, [5]), 0).at(1)).toEqual({ step: 1, line: 5 });
});
