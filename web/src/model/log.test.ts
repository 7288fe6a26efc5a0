import { expect, test } from "vitest";
import { parseAnsi } from "./ansi";
import { formatHash, LineAssembler, LineCache, PAGE, parseHash, pieces, readPiece } from "./log";

const bytes = (text: string) => new TextEncoder().encode(text);
const piece = (offset: number, text: string, atMs = 0) => ({ offset, bytes: bytes(text), atMs });
const line = (n: number) => ({ n, offset: n, at_ms: 0, text: `line ${n}` });

test("bytes in any pieces give the same lines", () => {
  const text = "one\ntwo é 漢\r\n\nfour";
  const all = bytes(text);
  for (let size = 1; size <= all.length; size++) {
    const assembler = new LineAssembler({ n: 10, offset: 100 });
    const lines = new Map<number, string>();
    for (let at = 0; at < all.length; at += size) {
      for (const l of assembler.push({ offset: 100 + at, bytes: all.subarray(at, at + size), atMs: 0 }) ?? []) lines.set(l.n, l.text);
    }
    expect([...lines]).toEqual([[10, "one"], [11, "two é 漢"], [12, ""], [13, "four"]]);
    expect(assembler.offset).toBe(100 + all.length);
  }
});

test("bytes that come twice are taken once, a gap is refused", () => {
  const assembler = new LineAssembler({ n: 0, offset: 0 });
  assembler.push(piece(0, "ab\ncd"));
  expect(assembler.push(piece(0, "ab\ncd"))).toEqual([]);
  expect(assembler.push(piece(3, "cdef\n"))?.map((l) => l.text)).toEqual(["cdef"]);
  expect(assembler.push(piece(99, "x"))).toBeUndefined();
  expect(assembler.offset).toBe(8);
});

test("a mark of byte order is kept wherever a line begins, as in a log that is read again", () => {
  const assembler = new LineAssembler({ n: 0, offset: 0 });
  expect(assembler.push(piece(0, "\ufeffa\n\ufeffb\nc"))?.map((l) => l.text)).toEqual(["\ufeffa", "\ufeffb", "c"]);
});

test("offsets are those of the lines' beginnings", () => {
  const assembler = new LineAssembler({ n: 0, offset: 0 });
  const lines = assembler.push(piece(0, "é\nb\nc")) ?? [];
  expect(lines.map((l) => l.offset)).toEqual([0, 3, 5]);
});

test("a line has the time of its first byte, as the stream tells it, and not that of the reader's clock", () => {
  expect(readPiece('{"offset":3,"text":"é","at_ms":7}', 99)).toEqual({ offset: 3, bytes: bytes("é"), atMs: 7 });
  expect(readPiece('{"offset":3,"base64":"/w=="}', 99)).toEqual({ offset: 3, bytes: Uint8Array.of(255), atMs: 99 });
  const assembler = new LineAssembler({ n: 4, offset: 0, at_ms: 5 });
  const times = (at: number, text: string, ms: number) => assembler.push(piece(at, text, ms))?.map((l) => [l.n, l.at_ms]);
  // The first line was known before: the stream brings it again.
  expect(times(0, "one\ntw", 1000)).toEqual([[4, 5], [5, 1000]]);
  expect(times(6, "o\n", 2000)).toEqual([[5, 1000]]);
  expect(times(8, "\nthree", 3000)).toEqual([[6, 3000], [7, 3000]]);
});

test("of a line that is longer than what is shown the last state is shown, with its colours, in pieces of any size", () => {
  const states = Array.from({ length: 3000 }, (_, i) => `\x1b[3${i % 8};1mlayer ${i + 1} of 3000 [####]\r`).join("");
  const text = `${states}\x1b[22mdone\n`;
  for (const size of [7, 1000, text.length]) {
    const assembler = new LineAssembler({ n: 0, offset: 0 });
    let [last, longest]: [string, number] = ["", 0];
    for (let at = 0; at < text.length; at += size) {
      const got = assembler.push(piece(at, text.slice(at, at + size)))?.at(-1);
      if (got) [last, longest] = [got.text, Math.max(longest, got.text.length)];
      expect(got?.truncated).toBe(false);
    }
    expect(parseAnsi(last)).toEqual([{ text: "done", fg: "7" }]);
    expect(longest).toBeLessThan(100);
  }
});

test("what overwrites a line that was cut is shown whole", () => {
  const assembler = new LineAssembler({ n: 0, offset: 0 });
  expect(assembler.push(piece(0, "x".repeat(30_000)))?.[0]).toMatchObject({ truncated: true, text: "x".repeat(20_000) });
  assembler.push(piece(30_000, "x\r"));
  expect(assembler.push(piece(30_002, "new"))?.[0]).toMatchObject({ truncated: false, text: "new" });
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
