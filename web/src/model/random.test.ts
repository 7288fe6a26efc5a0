// What jobs print and servers send, put together at random from what is awkward. A failure names the seed;
// RANDOM_SEED=… repeats it.
import { expect, test } from "vitest";
import { leftBy, parseAnsi, plain, styleAfter } from "./ansi";
import { formatHash, LineAssembler, parseHash, pieces } from "./log";
import { type Message, SseParser } from "./sse";

const SEED = Number(process.env.RANDOM_SEED ?? Date.now() % 1_000_000);
const ROUNDS = 2_000;

const ATOMS = [
  "\x1b", "\x1b[", "\x1b]", "\x1bP", "\x1b\\", "\x9b", "\x9c", "\x07", "m", "0", "1", ";", ":", "38;5;", "48;2;", "255", "999999999999999999999", "31m",
  "\x1b[0m", "\x1b[38;5;196m", "\x1b[38;2;1;2;3m", "\x1b]8;;javascript:x\x1b\\", "\r", "\r\r", "\n", "\r\n", "\t", "\0", "\x7f", "a", "é", "漢", "😀", "İ", "ß",
  "\ud800", "\ufeff", " ", "<b>", "&amp;", "data:", "data: x", "event:", "id: 7", ":", "id", "L1", "-", "\\", "(", "[", ".", "*",
];

/** Numbers below a bound, always the same for a seed (mulberry32). */
function dice(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

function each(check: (text: string, roll: (bound: number) => number) => void): void {
  for (let seed = SEED; seed < SEED + ROUNDS; seed++) {
    const roll = dice(seed);
    let text = "";
    for (let n = roll(30); n > 0; n--) text += ATOMS[roll(ATOMS.length)] ?? "";
    try {
      check(text, roll);
    } catch (error) {
      throw new Error(`RANDOM_SEED=${seed}, ${JSON.stringify(text)}: ${String(error)}`, { cause: error });
    }
  }
}

test("a line becomes text and colours, and nothing else", () => {
  each((text) => {
    const line = text.replaceAll("\n", "");
    const spans = parseAnsi(line);
    const shown = spans.map((s) => s.text).join("");
    expect(shown).toBe(plain(line));
    // eslint-disable-next-line no-control-regex
    expect(shown).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/);
    for (const { fg, bg } of spans) for (const colour of [fg, bg]) {
      if (colour !== undefined) expect(colour).toMatch(/^([0-9]|1[0-5]|#[0-9a-f]{6})$/);
    }
    // The style goes on where the line is cut, if the cut is not within a sequence or before a return.
    if (!line.includes("\r")) expect(parseAnsi(line + "\x1b[1mx").at(-1)).toEqual({ text: "x", ...styleAfter(line + "\x1b[1m", {}) });
  });
});

test("colours that are told in short are the same ones, and what the stream makes of a line is shown as the line is", () => {
  const starts = [{}, { fg: "1", bold: true, dim: true }, { bg: "#010203", inverse: true, strike: true, underline: true, italic: true }];
  const looks = (line: string, start: object) => JSON.parse(JSON.stringify(parseAnsi(line, start)));
  each((text) => {
    const line = text.replaceAll("\n", "");
    for (const start of starts) {
      expect(JSON.parse(JSON.stringify(styleAfter(leftBy(line), start)))).toEqual(JSON.parse(JSON.stringify(styleAfter(line, start))));
      // Half a character is another one on its way through bytes.
      const bytes = new TextEncoder().encode(line + "\n");
      if (new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) !== line + "\n") continue;
      const [made] = new LineAssembler({ n: 0, offset: 0 }).push({ offset: 0, bytes, atMs: 0 }) ?? [];
      expect(looks(made?.text ?? "", start)).toEqual(looks(line, start));
    }
  });
});

test("however long a line is, it is shown", () => {
  // Two awkward things in turn, 200,000 times: what takes the square of that takes minutes.
  for (const first of ["\r", "\x1b]", "\x1b[", "\x1b[0", "\x9b0;", "\x1bP", " ", "0"]) {
    for (const last of ["X", "\x01", "\x1bX", "\r"]) {
      const line = first.repeat(200_000) + last;
      expect(parseAnsi(line).map((s) => s.text).join("")).toBe(plain(line));
    }
  }
}, 120_000);

test("bytes cut anywhere are the same lines", () => {
  each((text, roll) => {
    const all = new TextEncoder().encode(text);
    const lines = (size: () => number) => {
      const assembler = new LineAssembler({ n: 0, offset: 0 });
      const found = new Map<number, [number, string]>();
      for (let at = 0; at < all.length; ) {
        const end = Math.min(all.length, at + size());
        for (const l of assembler.push({ offset: at, bytes: all.subarray(at, end), atMs: 0 }) ?? []) found.set(l.n, [l.offset, l.text]);
        at = end;
      }
      expect(assembler.offset).toBe(all.length);
      return [...found];
    };
    const whole = lines(() => all.length);
    // The last line may be one that has only begun with half a character.
    expect(lines(() => 1 + roll(4))).toEqual(whole);
    for (const [n, [offset]] of whole) expect(n === 0 ? offset : all[offset - 1]).toBe(n === 0 ? 0 : 10);
  });
});

test("a stream cut anywhere gives the same messages", () => {
  each((text, roll) => {
    const stream = text.replaceAll("x", "x\n").replaceAll("7", "7\n") + "\n\n";
    const messages = (size: () => number) => {
      const found: Message[] = [];
      const parser = new SseParser((m) => found.push(m));
      for (let at = 0; at < stream.length; ) {
        const end = at + size();
        parser.push(stream.slice(at, end));
        at = end;
      }
      return found;
    };
    expect(messages(() => 1 + roll(4))).toEqual(messages(() => stream.length));
  });
});

test("a text cut at the places of a word is that text, and the places are those of the word", () => {
  each((text, roll) => {
    const word = ATOMS[roll(ATOMS.length)] ?? "";
    const cut = pieces(text, word);
    expect(cut.map((p) => p.text).join("")).toBe(text);
    for (const p of cut.filter((p) => p.hit)) expect(p.text.toLowerCase()).toBe(word.toLowerCase());
    if (word === text && text !== "") expect(cut).toEqual([{ text, hit: true }]);
  });
});

test("places of lines are read as they are written", () => {
  each((text, roll) => {
    const from = roll(1_000_000);
    const range = { from, to: from + roll(100) };
    expect(parseHash(formatHash(range))).toEqual(range);
    const odd = parseHash(text);
    if (odd) expect(odd.from >= 0 && odd.to >= odd.from).toBe(true);
  });
});
