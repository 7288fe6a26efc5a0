import { expect, test } from "vitest";
import { parseAnsi, plain } from "./ansi";

const E = "\x1b";

test("colours and styles become spans", () => {
  expect(parseAnsi(`a${E}[1;31mb${E}[0mc`)).toEqual([{ text: "a" }, { text: "b", bold: true, fg: "1" }, { text: "c" }]);
  expect(parseAnsi(`${E}[93;44mx${E}[39my${E}[mz`)).toEqual([{ text: "x", fg: "11", bg: "4" }, { text: "y", bg: "4" }, { text: "z" }]);
});

test("256 and true colours", () => {
  expect(parseAnsi(`${E}[38;5;196mx`)).toEqual([{ text: "x", fg: "#ff0000" }]);
  expect(parseAnsi(`${E}[38;5;3mx`)).toEqual([{ text: "x", fg: "3" }]);
  expect(parseAnsi(`${E}[48;2;1;2;300mx`)).toEqual([{ text: "x", bg: "#0102ff" }]);
  expect(parseAnsi(`${E}[38;5;250;1mx`)).toEqual([{ text: "x", fg: "#bcbcbc", bold: true }]);
});

test("titles, links, device strings and cursor moves leave nothing behind", () => {
  expect(plain(`${E}]0;evil title\x07text`)).toBe("text");
  expect(plain(`${E}]8;;javascript:alert(1)${E}\\click${E}]8;;${E}\\ me`)).toBe("click me");
  expect(plain(`${E}]52;c;c3RvbGVu${E}\\x`)).toBe("x");
  expect(plain(`${E}Pq#0;2${E}\\y${E}[2J${E}[1;1H${E}[?25lz`)).toBe("yz");
  expect(plain(`${E}]0;never ended`)).toBe("");
  expect(plain("a\x00b\x08c\x7fd\x9b31me")).toBe("abcde");
});

test("what turns the direction of text is shown, letters that run from right to left are left alone", () => {
  expect(parseAnsi("if (\u202e} \u2066admin)")).toEqual([{ text: "if (‹U+202E›} ‹U+2066›admin)" }]);
  expect(parseAnsi("שלום \u200fعالم")).toEqual([{ text: "שלום \u200fعالم" }]);
});

test("markup stays text", () => {
  const evil = `<img src=x onerror=alert(1)>${E}[31m<script>alert(2)</script>`;
  expect(parseAnsi(evil).map((s) => s.text).join("")).toBe("<img src=x onerror=alert(1)><script>alert(2)</script>");
  // A colour can only ever be a number or six hex digits: no way into a style attribute.
  const styles = parseAnsi(`${E}[38;2;999999;-1;NaNmx${E}[38;5;9999my`);
  for (const s of styles) if (s.fg !== undefined) expect(s.fg).toMatch(/^(\d{1,2}|#[0-9a-f]{6})$/);
});

test("of a progress bar the last state is shown", () => {
  expect(plain("10%\r50%\r100%")).toBe("100%");
  expect(plain("windows\r")).toBe("windows");
});

test("a line of a million sequences is no trouble", () => {
  const began = performance.now();
  expect(plain(`${E}[31m`.repeat(200_000) + "end")).toBe("end");
  expect(plain(`${E}]`.repeat(20_000))).toBe("");
  expect(performance.now() - began).toBeLessThan(3000);
});

test("reversed and struck out, until they end", () => {
  expect(parseAnsi(`${E}[7ma${E}[9mb${E}[27mc${E}[29md`)).toEqual([{ text: "a", inverse: true }, { text: "b", inverse: true, strike: true }, { text: "c", strike: true }, { text: "d" }]);
  expect(parseAnsi(`${E}[31;7mx${E}[0my`)).toEqual([{ text: "x", fg: "1", inverse: true }, { text: "y" }]);
});

test("parameters with colons are one code", () => {
  expect(parseAnsi(`${E}[4:3mcurly${E}[4:0mnot`)).toEqual([{ text: "curly", underline: true }, { text: "not" }]);
  expect(parseAnsi(`${E}[38:2::255:0:16mx`)).toEqual([{ text: "x", fg: "#ff0010" }]);
  expect(parseAnsi(`${E}[38:2:255:0:16;1mx`)).toEqual([{ text: "x", fg: "#ff0010", bold: true }]);
  expect(parseAnsi(`${E}[48:5:196mx`)).toEqual([{ text: "x", bg: "#ff0000" }]);
});
