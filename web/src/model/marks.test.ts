import { expect, test } from "vitest";
import { grow, mark, marksHash, marksOf, marksText, offer } from "./marks";

const at = (n: number, step = 1) => ({ step, n });

test("a line alone, or all up to it from where marking began", () => {
  const one = mark(undefined, at(9), false);
  expect(marksHash(one)).toBe("#L10");
  expect(marksHash(mark(one, at(4), true))).toBe("#L5-10");
  // The other end moves, whichever it is.
  expect(marksHash(mark(mark(one, at(4), true), at(11), true))).toBe("#L10-12");
  expect(marksHash(mark(one, at(4, 2), true))).toBe("#L5");
  expect(marksHash(mark(marksOf(1, { from: 2, to: 5 }), at(7), true))).toBe("#L3-8");
});

test("by key a range grows and shrinks, and begins anew where somebody went without it", () => {
  const one = mark(undefined, at(9), false);
  const two = grow(one, at(9), 10);
  expect(marksHash(two)).toBe("#L10-11");
  expect(marksHash(grow(two, at(10), 9))).toBe("#L10");
  expect(marksHash(grow(grow(two, at(10), 9), at(9), 8))).toBe("#L9-10");
  expect(marksHash(grow(two, at(20), 21))).toBe("#L21-22");
  expect(marksHash(grow(undefined, at(3), 2))).toBe("#L3-4");
});

test("a second line offers all from the first to it", () => {
  const [first, second] = [mark(undefined, at(19), false), mark(undefined, at(11), false)];
  const offered = offer(first, second);
  expect(offered && [marksHash(offered), marksText(offered)]).toEqual(["#L12-20", "Lines 12–20"]);
  for (const [before, now] of [[undefined, second], [second, second], [mark(undefined, at(1, 0), false), second], [second, offered]]) expect(offer(before, now)).toBeUndefined();
});
