import { memo } from "react";
import { parseAnsi, type Span, type Style } from "../model/ansi";
import { formatHash, pieces } from "../model/log";
import type { LogLine } from "../model/types";

interface Props {
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
}

/** One line. Its text is only ever text: nothing of it becomes markup. Clicks are heard by the list. */
export const LogLineRow = memo(function LogLineRow({ step, n, row, line, style, marked, found, word, times }: Props) {
  return (
    <div data-row={row} className={`log-line ${marked ? "marked" : ""} ${found ? "found" : ""}`}>
      <a className="log-n" href={`?step=${step}${formatHash({ from: n, to: n })}`} tabIndex={-1} aria-label={`Line ${n + 1}`} data-step={step} data-line={n}>
        {n + 1}
      </a>
      {times && <time className="log-time">{line ? clock(line.at_ms) : ""}</time>}
      <span className="log-text">
        {line ? parseAnsi(line.text, style).map((span, i) => <Coloured key={i} span={span} word={word} />) : <span className="log-wait">…</span>}
        {line?.truncated && <em className="log-cut"> (cut: the raw log has it all)</em>}
        {"\n"}
      </span>
    </div>
  );
});

function Coloured({ span, word }: { span: Span; word: string }) {
  const text = word ? pieces(span.text, word).map((p, i) => (p.hit ? <mark key={i}>{p.text}</mark> : p.text)) : span.text;
  const classes = [span.bold && "b", span.dim && "d", span.italic && "i", span.underline && "u", span.fg && /^\d/.test(span.fg) && `f${span.fg}`, span.bg && /^\d/.test(span.bg) && `g${span.bg}`].filter(Boolean);
  const style = { ...(span.fg?.startsWith("#") && { color: span.fg }), ...(span.bg?.startsWith("#") && { backgroundColor: span.bg }) };
  if (classes.length === 0 && Object.keys(style).length === 0) return <>{text}</>;
  return <span className={classes.join(" ")} style={style}>{text}</span>;
}

function clock(ms: number): string {
  const d = new Date(ms);
  const two = (v: number) => String(v).padStart(2, "0");
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, "0")}`;
}
