import { expect, test } from "vitest";
import { blocks, find, PAGE, type RunPage } from "./history";
import type { RunBrief } from "./types";

/** What a server with runs numbered 1 to `total` answers. */
function ask(total: number, offset: number, limit: number): RunPage {
  const runs = Array.from({ length: Math.max(0, Math.min(limit, total - offset)) }, (_, i) => ({ number: total - offset - i }) as RunBrief);
  return { runs, offset, total };
}

test("every row is found in the pages that its range asks for", () => {
  for (const count of [1, 99, 100, 101, 250, 100_000]) {
    for (const from of [0, 1, 57, 99, 100, 180, count - 1]) {
      const to = Math.min(count, from + 40);
      const pages = blocks(count, from, to).map((b) => ask(count, b.offset, b.limit));
      for (let i = from; i < to; i++) expect(find(pages, count, i)?.number, `row ${i} of ${count}`).toBe(count - i);
    }
  }
  expect(blocks(0, 0, 50)).toEqual([]);
  expect(blocks(100_000, 50_000, 50_040).length).toBeLessThanOrEqual(2);
});

test("runs that were added since do not move what was read", () => {
  const old = blocks(1000, 500, 540).map((b) => ask(1000, b.offset, b.limit));
  // Three more: what was row 500 is row 503 now, and still that run.
  expect(find(old, 1003, 503)?.number).toBe(500);
  const names = (count: number, from: number) => blocks(count, from, from + 40).map((b) => b.block);
  expect(names(1003, 503)).toEqual(names(1000, 500));
});

test("a page that was read with a newer count stands right too", () => {
  const [asked] = blocks(1000, 500, 501);
  const page = ask(1002, asked?.offset ?? 0, PAGE);
  expect(find([page], 1002, 502)?.number).toBe(500);
});
