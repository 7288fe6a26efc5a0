import { type CSSProperties, memo } from "react";
import { parseAnsi, type Span } from "../model/ansi";
import { pieces } from "../model/log";
import type { LogLine } from "../model/types";

interface Props {
  n: number;
  line: LogLine | undefined;
  marked: boolean;
  found: boolean;
  word: string;
  times: boolean;
  style: CSSProperties;
  measure: object;
  href: string;
  onMark: (extend: boolean) => void;
}

/** One line. Its text is only ever text: nothing of it becomes markup. */
export const LogLineRow = memo(function LogLineRow({ n, line, marked, found, word, times, style, measure, href, onMark }: Props) {
  return (
    <div {...measure} className={`log-line ${marked ? "marked" : ""} ${found ? "found" : ""}`} style={style}>
      <a
        className="log-n"
        href={href}
        tabIndex={-1}
        aria-label={`Line ${n + 1}`}
        onClick={(e) => {
          if (e.metaKey || e.ctrlKey) return;
          e.preventDefault();
          onMark(e.shiftKey);
        }}
      >
        {n + 1}
      </a>
      {times && <time className="log-time">{line ? clock(line.at_ms) : ""}</time>}
      <span className="log-text">
        {line ? parseAnsi(line.text).map((span, i) => <Coloured key={i} span={span} word={word} />) : <span className="log-wait">…</span>}
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
