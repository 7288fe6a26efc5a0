// Lines of a log: known ranges from the server's index, the growing end from the stream of bytes.
import { isPlain, leftBy, type Style, styleAfter } from "./ansi";
import type { LogLine } from "./types";

/** How many lines one request asks for. */
export const PAGE = 500;

/** A page of lines from the server has `n` of its first line divisible by PAGE. */
export class LineCache {
  private readonly lines = new Map<number, LogLine>();
  /** Colours that a line inherits; most inherit none and are not here. */
  private readonly styles = new Map<number, Style>();
  /** Lines that exist. */
  total = 0;

  get(n: number): LogLine | undefined {
    return this.lines.get(n);
  }

  /** The style a line begins with. */
  style(n: number): Style | undefined {
    return this.styles.get(n);
  }

  /** Lines that follow each other; `start` is the style the first one begins with, else that of the line before. */
  add(lines: LogLine[], start?: Style): void {
    const first = lines[0];
    if (!first) return;
    const before = this.lines.get(first.n - 1);
    let style = start ?? this.styles.get(first.n) ?? (before ? styleAfter(before.text, this.styles.get(before.n) ?? {}) : {});
    for (const line of lines) {
      this.lines.set(line.n, line);
      if (isPlain(style)) this.styles.delete(line.n);
      else this.styles.set(line.n, style);
      style = styleAfter(line.text, style);
    }
  }

  /** First lines of the pages that must be asked for so that `from..to` is complete. */
  missing(from: number, to: number): number[] {
    const pages: number[] = [];
    for (let page = Math.floor(Math.max(0, from) / PAGE) * PAGE; page < Math.min(to, this.total); page += PAGE) {
      const end = Math.min(page + PAGE, this.total, to);
      for (let n = Math.max(page, from); n < end; n++) {
        if (!this.lines.has(n)) {
          pages.push(page);
          break;
        }
      }
    }
    return pages;
  }

  /** Forgets what is far from the view, so that a tab left open stays small. */
  trim(from: number, to: number, keep = 20_000): void {
    if (this.lines.size <= keep * 2) return;
    for (const n of this.lines.keys()) if (n < from - keep || n > to + keep) {
      this.lines.delete(n);
      this.styles.delete(n);
    }
  }

  get size(): number {
    return this.lines.size;
  }
}

/** A piece of a log as the stream of a step tells it. */
export interface Piece {
  offset: number;
  bytes: Uint8Array;
  /** When it was printed: a piece that is read late says so. Servers that don't tell it send what is new. */
  atMs: number;
}

/** The data of a `bytes` event. */
export function readPiece(data: string, now: number): Piece {
  const piece = JSON.parse(data) as { offset: number; text?: string; base64?: string; at_ms?: number };
  const bytes = piece.text !== undefined ? new TextEncoder().encode(piece.text) : Uint8Array.from(atob(piece.base64 ?? ""), (c) => c.charCodeAt(0));
  return { offset: piece.offset, bytes, atMs: piece.at_ms ?? now };
}

/** Where a log is gone on with: at the beginning of a line. */
export interface LineStart {
  n: number;
  offset: number;
  /** When the line began, if it has. */
  at_ms?: number;
}

/**
 * Makes lines of bytes that arrive in pieces of any size; `offset` is that of the next byte wanted, from where a stream
 * that was cut goes on. A line has the time of its first byte.
 */
export class LineAssembler {
  /** A mark of byte order is text like any other, as in what the server reads of a log. */
  private decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  private text = "";
  private n: number;
  private lineOffset: number;
  private began: number | undefined;
  offset: number;

  constructor(start: LineStart) {
    this.n = start.n;
    this.lineOffset = this.offset = start.offset;
    this.began = start.at_ms;
  }

  /**
   * The lines that these bytes begin, continue or end; the last one may still grow. Bytes seen before are left out;
   * bytes after a gap are refused (undefined), then the stream must be opened again at `offset`.
   */
  push({ offset: at, bytes, atMs }: Piece): LogLine[] | undefined {
    if (at > this.offset) return undefined;
    const fresh = bytes.subarray(Math.min(bytes.length, this.offset - at));
    if (fresh.length === 0) return [];
    this.offset += fresh.length;
    const lines: LogLine[] = [];
    let from = 0;
    for (;;) {
      const end = fresh.indexOf(10, from);
      if (from < fresh.length) this.began ??= atMs;
      this.text = shorten(this.text + this.decoder.decode(fresh.subarray(from, end < 0 ? undefined : end), { stream: end < 0 }));
      if (end < 0) break;
      lines.push(this.line(atMs));
      this.n += 1;
      this.text = "";
      this.began = undefined;
      this.lineOffset = this.offset - fresh.length + end + 1;
      from = end + 1;
    }
    if (this.text !== "") lines.push(this.line(atMs));
    return lines;
  }

  private line(atMs: number): LogLine {
    const text = this.text.replace(/\r$/, "");
    const truncated = text.length > MAX_LINE;
    return { n: this.n, offset: this.lineOffset, at_ms: this.began ?? atMs, text: truncated ? text.slice(0, MAX_LINE) : text, truncated };
  }
}

/** Longest line shown whole. */
const MAX_LINE = 20_000;

/**
 * What is kept of a line that still grows, as it may be longer than memory: not what a return has overwritten, but for
 * the colours it left, and of the rest no more than is shown. A return at the end overwrites only what follows it.
 */
function shorten(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === "\r") end--;
  const over = end === 0 ? 0 : line.lastIndexOf("\r", end - 1) + 1;
  const text = over === 0 ? line.slice(0, end) : leftBy(line.slice(0, over)) + line.slice(over, end);
  return (text.length > MAX_LINE ? text.slice(0, MAX_LINE + 1) : text) + (end < line.length ? "\r" : "");
}

/** Lines marked by the address: `#L10` or `#L10-20`, counted from 1; in the model from 0. */
export interface Range {
  from: number;
  to: number;
}

export function parseHash(hash: string): Range | undefined {
  const match = /^#?L(\d{1,12})(?:-L?(\d{1,12}))?$/.exec(hash);
  if (!match) return undefined;
  const a = Number(match[1]) - 1;
  const b = match[2] ? Number(match[2]) - 1 : a;
  if (a < 0 || b < 0) return undefined;
  return { from: Math.min(a, b), to: Math.max(a, b) };
}

export function formatHash(range: Range): string {
  return range.from === range.to ? `#L${range.from + 1}` : `#L${range.from + 1}-${range.to + 1}`;
}

/** Text cut at the places of a word, for marking. */
export function pieces(text: string, word: string): { text: string; hit: boolean }[] {
  if (!word) return [{ text, hit: false }];
  const result: { text: string; hit: boolean }[] = [];
  // Not by lower-case copies: some letters become two, and places would be those of another text.
  const literal = new RegExp(word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu");
  let from = 0;
  for (const match of text.matchAll(literal)) {
    if (match.index > from) result.push({ text: text.slice(from, match.index), hit: false });
    result.push({ text: match[0], hit: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) result.push({ text: text.slice(from), hit: false });
  return result;
}
