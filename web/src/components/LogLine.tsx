import { type CSSProperties, memo } from "react";
import { parseAnsi, plain, type Span, type Style } from "../model/ansi";
import { readableColours } from "../model/contrast";
import { links } from "../model/links";
import { formatHash, pieces } from "../model/log";
import type { LogLine } from "../model/types";

interface Props {
  attempt: number;
  step: number;
  n: number;
  /** Its number among all rows of the view, for measuring. */
  row: number;
  line: LogLine | undefined;
  /** Colours it inherits. */
  style: Style | undefined;
  marked: boolean;
  found: boolean;
  word: string;
  times: boolean;
  /** Tab leads to its number. */
  stop: boolean;
}

const NUMBER = "Marks this line: the address then leads here. With Shift: all lines up to here.";

/** One line. Its text is only ever text: nothing of it becomes markup. Clicks are heard by the list. */
export const LogLineRow = memo(function LogLineRow({ attempt, step, n, row, line, style, marked, found, word, times, stop }: Props) {
  // What was found stands behind what is given of the line.
  const beyond = found && line?.truncated === true && !pieces(plain(line.text), word).some((p) => p.hit);
  return (
    <div data-row={row} className={`log-line ${marked ? "marked" : ""} ${found ? "found" : ""}`}>
      <a className="log-n" href={`?step=${step}&attempt=${attempt}${formatHash({ from: n, to: n })}`} tabIndex={stop ? 0 : -1} aria-label={`Line ${n + 1}`} aria-current={marked ? "location" : undefined} title={NUMBER} data-step={step} data-line={n}>
        {n + 1}
      </a>
      {times && <time className="log-time">{line ? clock(line.at_ms) : ""}</time>}
      {beyond && <em className="log-beyond">what was found is in the part that is cut: the raw log has it</em>}
      <span className="log-text">
        {line ? parseAnsi(line.text, style).map((span, i) => <Coloured key={i} span={span} word={word} />) : <span className="log-wait">…</span>}
        {line?.truncated && <em className="log-cut"> (cut: the raw log has it all)</em>}
        {"\n"}
      </span>
    </div>
  );
});

function Coloured({ span, word }: { span: Span; word: string }) {
  const text = links(span.text).map((piece, i) => (piece.href ? <Away key={i} href={piece.href} text={piece.text} word={word} /> : <Marked key={i} text={piece.text} word={word} />));
  const { fg, bg } = readableColours(span);
  const classes = [
    span.bold && "b",
    span.dim && "d",
    span.italic && "i",
    span.underline && "u",
    span.strike && "s",
    colourClass("f", fg),
    colourClass("g", bg),
    span.inverse && "rev",
  ].filter(Boolean);
  if (classes.length === 0) return <>{text}</>;
  return <span className={classes.join(" ")} style={{ ...ownColour("--fg", fg), ...ownColour("--bg", bg) }}>{text}</span>;
}

const isOwn = (colour: string) => /^\D/.test(colour);

/** One of the palette by its number, any other by a property of its own (`f`, `g`). */
function colourClass(kind: "f" | "g", colour: string | undefined): string | undefined {
  return colour && (isOwn(colour) ? kind : `${kind} ${kind}${colour}`);
}

function ownColour(property: string, colour: string | undefined): CSSProperties {
  return colour && isOwn(colour) ? ({ [property]: colour } as CSSProperties) : {};
}

/** Jobs print what they like: where a link leads is not told where it comes from, and has no hold on this page. */
function Away({ href, text, word }: { href: string; text: string; word: string }) {
  return <a href={href} target="_blank" rel="noopener noreferrer nofollow"><Marked text={text} word={word} /></a>;
}

function Marked({ text, word }: { text: string; word: string }) {
  return word ? pieces(text, word).map((p, i) => (p.hit ? <mark key={i}>{p.text}</mark> : p.text)) : text;
}

function clock(ms: number): string {
  const d = new Date(ms);
  const two = (v: number) => String(v).padStart(2, "0");
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, "0")}`;
}
