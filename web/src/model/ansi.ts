// Colours of terminal output as data. Whatever is not a colour (cursor moves, titles, links: OSC, DCS) is dropped
// and never becomes markup: the view renders each span's text as text.

export interface Span {
  text: string;
  /** `0` to `15` of the palette, or `#rrggbb`. */
  fg?: string;
  bg?: string;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  strike?: boolean;
  /** Ground and letters have changed places. */
  inverse?: boolean;
}

export type Style = Omit<Span, "text">;

// CSI … final byte; OSC, DCS, SOS, PM and APC up to their end (or the end of the line); other escapes; bare controls.
// eslint-disable-next-line no-control-regex
const SEQUENCE = /\x1b\[([0-9:;<=>?]*)[ -/]*([@-~])|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)|\x1b[ -/]*[0-~]?|\x9b[0-9;:<=>?]*[ -/]*[@-~]|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]/g;

// What makes text after it run backwards: a line could show other words than it holds (CVE-2021-42574). Letters that are
// written from right to left need none of these.
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;
const named = (c: string) => `‹U+${c.charCodeAt(0).toString(16).toUpperCase()}›`;

/** Spans of one line that begins with a style. What turns the direction of text is shown by its name. */
export function parseAnsi(line: string, start: Style = {}): Span[] {
  // Progress bars write a line many times: what stands after the last return is what a terminal shows.
  const text = afterLastReturn(line);
  const spans: Span[] = [];
  let style = text.length < line.length ? styleAfter(line.slice(0, line.length - text.length), start) : start;
  let from = 0;
  const add = (piece: string) => {
    if (piece) spans.push({ text: piece.replace(TURNING, named), ...style });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    add(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m") style = sgr(style, match[1] ?? "");
  }
  add(text.slice(from));
  return spans;
}

/** The style that a line leaves to the next one. */
export function styleAfter(line: string, start: Style): Style {
  let style = start;
  if (line.includes("\x1b[")) for (const match of line.matchAll(SEQUENCE)) if (match[2] === "m") style = sgr(style, match[1] ?? "");
  return style;
}

/** The style of parameters like `1;31`. */
export function styleOf(parameters: string): Style {
  return parameters ? sgr({}, parameters) : {};
}

/** Whether text looks as usual. */
export function isPlain(style: Style): boolean {
  return Object.values(style).every((v) => v === undefined);
}

const ON = { bold: "1", dim: "2", italic: "3", underline: "4", inverse: "7", strike: "9" } as const;
const OFF = { bold: "22", dim: "22", italic: "23", underline: "24", inverse: "27", strike: "29", fg: "39", bg: "49" } as const;
/** Everything is on, in colours that no sequence can name. */
const ALL: Style = { bold: true, dim: true, italic: true, underline: true, inverse: true, strike: true, fg: "?", bg: "?" };

/** What the sequences of a text amount to, in one: whatever the style is before it, it is the same afterwards. */
export function leftBy(text: string): string {
  if (!text.includes("\x1b[")) return "";
  // What comes out the same from nothing and from everything was set by the text, the rest was left as it was.
  const [fromNone, fromAll] = [styleAfter(text, {}), styleAfter(text, ALL)];
  const set = (Object.keys(OFF) as (keyof typeof OFF)[]).filter((k) => fromNone[k] === fromAll[k]);
  const on = set.flatMap((k) => (k === "fg" || k === "bg" ? colourCode(k, fromNone[k]) : fromNone[k] ? ON[k] : []));
  // 22 ends two styles at once: what ends comes before what begins.
  const codes = [...new Set(set.filter((k) => !fromNone[k]).map((k) => OFF[k])), ...on];
  return codes.length > 0 ? `\x1b[${codes.join(";")}m` : "";
}

function colourCode(which: "fg" | "bg", colour: string | undefined): string[] {
  if (colour === undefined) return [];
  const kind = which === "fg" ? "38" : "48";
  return [colour.startsWith("#") ? `${kind};2;${[1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16)).join(";")}` : `${kind};5;${colour}`];
}

/** A line without any sequence, as copied or read aloud. */
export function plain(line: string): string {
  return afterLastReturn(line).replace(SEQUENCE, "");
}

function afterLastReturn(line: string): string {
  // By hand: a pattern takes a time that grows with the square of how many returns there are.
  let end = line.length;
  while (end > 0 && line[end - 1] === "\r") end--;
  return end === 0 ? "" : line.slice(line.lastIndexOf("\r", end - 1) + 1, end);
}

function sgr(style: Style, parameters: string): Style {
  let s: Style = { ...style };
  const groups = parameters.split(";");
  for (let i = 0; i < groups.length; i++) {
    // A group with colons is one code with what belongs to it: `4:3` is a curly underline, `38:2::1:2:3` a colour.
    const [c = 0, ...details] = (groups[i] as string).split(":").map(Number);
    if (c === 0) s = {};
    else if (c === 1) s.bold = true;
    else if (c === 2) s.dim = true;
    else if (c === 3) s.italic = true;
    else if (c === 4) s.underline = details[0] === 0 ? undefined : true;
    else if (c === 7) s.inverse = true;
    else if (c === 9) s.strike = true;
    else if (c === 21) s.underline = true;
    else if (c === 22) s.bold = s.dim = undefined;
    else if (c === 23) s.italic = undefined;
    else if (c === 24) s.underline = undefined;
    else if (c === 27) s.inverse = undefined;
    else if (c === 29) s.strike = undefined;
    else if (c >= 30 && c <= 37) s.fg = String(c - 30);
    else if (c >= 90 && c <= 97) s.fg = String(c - 82);
    else if (c === 39) s.fg = undefined;
    else if (c >= 40 && c <= 47) s.bg = String(c - 40);
    else if (c >= 100 && c <= 107) s.bg = String(c - 92);
    else if (c === 49) s.bg = undefined;
    else if (c === 38 || c === 48) {
      const [colour, used] = details.length > 0 ? ofGroup(details) : extended(groups.slice(i + 1).map(Number));
      i += used;
      if (c === 38) s.fg = colour;
      else s.bg = colour;
    }
  }
  return s;
}

/** A colour with colons may name its colour space before red, green and blue. It takes no further group. */
function ofGroup(details: number[]): [string | undefined, number] {
  const [kind = 0, ...values] = details;
  return [extended([kind, ...(kind === 2 && values.length > 3 ? values.slice(1) : values)])[0], 0];
}

/** The colour after 38 or 48, and how many codes it took. */
function extended(codes: number[]): [string | undefined, number] {
  const hex = (n: number) => Math.max(0, Math.min(255, n | 0)).toString(16).padStart(2, "0");
  if (codes[0] === 5) {
    const n = codes[1] ?? 0;
    if (!(n >= 0 && n <= 255)) return [undefined, 2];
    if (n < 16) return [String(n), 2];
    if (n >= 232) return [`#${hex(8 + (n - 232) * 10).repeat(3)}`, 2];
    const level = (v: number) => (v === 0 ? 0 : 55 + v * 40);
    const m = n - 16;
    return [`#${hex(level(Math.floor(m / 36)))}${hex(level(Math.floor(m / 6) % 6))}${hex(level(m % 6))}`, 2];
  }
  if (codes[0] === 2) return [`#${codes.slice(1, 4).map(hex).join("").padEnd(6, "0")}`, 4];
  return [undefined, codes.length];
}
