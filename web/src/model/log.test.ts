import { expect, test } from "vitest";
import { formatHash, LineAssembler, LineCache, PAGE, parseHash, pieces } from "./log";

const bytes = (text: string) => new TextEncoder().encode(text);
const line = (n: number) => ({ n, offset: n, at_ms: 0, text: `line ${n}` });

test("bytes in any pieces give the same lines", () => {
  const text = "one\ntwo é 漢\r\n\nfour";
  const all = bytes(text);
  for (let size = 1; size <= all.length; size++) {
    const assembler = new LineAssembler(10, 100);
    const lines = new Map<number, string>();
    for (let at = 0; at < all.length; at += size) {
      for (const l of assembler.push(100 + at, all.subarray(at, at + size), 0) ?? []) lines.set(l.n, l.text);
    }
    expect([...lines]).toEqual([[10, "one"], [11, "two é 漢"], [12, ""], [13, "four"]]);
    expect(assembler.offset).toBe(100 + all.length);
  }
});

test("bytes that come twice are taken once, a gap is refused", () => {
  const assembler = new LineAssembler(0, 0);
  assembler.push(0, bytes("ab\ncd"), 0);
  expect(assembler.push(0, bytes("ab\ncd"), 0)).toEqual([]);
  expect(assembler.push(3, bytes("cdef\n"), 0)?.map((l) => l.text)).toEqual(["cdef"]);
  expect(assembler.push(99, bytes("x"), 0)).toBeUndefined();
  expect(assembler.offset).toBe(8);
});

test("offsets are those of the lines' beginnings", () => {
  const assembler = new LineAssembler(0, 0);
  const lines = assembler.push(0, bytes("é\nb\nc"), 0) ?? [];
  expect(lines.map((l) => l.offset)).toEqual([0, 3, 5]);
});

test("only missing pages are asked for", () => {
  const cache = new LineCache();
  cache.total = 1200;
  expect(cache.missing(0, 10)).toEqual([0]);
  cache.add(Array.from({ length: PAGE }, (_, n) => line(n)));
  expect(cache.missing(0, PAGE)).toEqual([]);
  expect(cache.missing(PAGE - 5, PAGE + 5)).toEqual([PAGE]);
  expect(cache.missing(1100, 5000)).toEqual([1000]);
});

test("what is far away is forgotten", () => {
  const cache = new LineCache();
  cache.total = 100_000;
  cache.add(Array.from({ length: 100_000 }, (_, n) => line(n)));
  cache.trim(50_000, 50_100, 1000);
  expect(cache.size).toBe(2101);
  expect(cache.get(50_050)).toBeDefined();
});

test("addresses of lines", () => {
  expect(parseHash("#L10")).toEqual({ from: 9, to: 9 });
  expect(parseHash("#L20-10")).toEqual({ from: 9, to: 19 });
  expect(parseHash("#L10-L20")).toEqual({ from: 9, to: 19 });
  for (const bad of ["", "#L0", "#L", "#L1-", "#L1x", "#x1", "#L99999999999999"]) expect(parseHash(bad)).toBeUndefined();
  for (const range of [{ from: 0, to: 0 }, { from: 3, to: 8 }]) expect(parseHash(formatHash(range))).toEqual(range);
});

test("marking keeps the text", () => {
  expect(pieces("Error: no error", "error")).toEqual([
    { text: "Error", hit: true },
    { text: ": no ", hit: false },
    { text: "error", hit: true },
  ]);
  expect(pieces("abc", "")).toEqual([{ text: "abc", hit: false }]);
});
