import { type FocusEvent, type KeyboardEvent, type MouseEvent, type RefObject, useLayoutEffect, useRef, useState } from "react";
import type { Range } from "../model/log";
import { grow, type Line, mark, type Marks, marksHash, marksOf, marksText, offer } from "../model/marks";
import type { Rows } from "../model/rows";
import { Button } from "../ui/Button";
import { report, toast } from "../ui/toast";
import type { TallList } from "../util/tallList";
import type { Part } from "./stepLogs";

interface Marked {
  rows: Rows<Part>;
  list: TallList;
  scroller: RefObject<HTMLElement | null>;
  /** What the address marks. */
  step: number | undefined;
  range: Range | undefined;
  onSelect: (step: number, hash: string) => void;
  /** The reader wants to stay where he is. */
  onStay: () => unknown;
  /** A number has got the keyboard. */
  onKeyed: () => void;
}

export interface LineMarks {
  /** The one number that Tab leads to. */
  stop: Line | undefined;
  marks: Marks | undefined;
  /** All lines from those marked before to the one that is marked now. */
  offered: Marks | undefined;
  /** A number has the keyboard. */
  keyed: boolean;
  select: (marks: Marks) => void;
  unmark: () => void;
  /** For the element that scrolls; true = the key was for a number. */
  onClick: (e: MouseEvent) => void;
  onFocus: (e: FocusEvent) => void;
  onBlur: (e: FocusEvent) => void;
  onKeyDown: (e: KeyboardEvent) => boolean;
}

const TOUCH = matchMedia("(pointer: coarse)").matches;

const keyOf = (marks: Marks | undefined) => (marks ? `${marks.step}${marksHash(marks)}` : "");

/** The line whose number was meant. */
function lineOf(target: EventTarget): Line | undefined {
  const link = (target as HTMLElement).closest<HTMLElement>("a.log-n");
  return link ? { step: Number(link.dataset.step), n: Number(link.dataset.line) } : undefined;
}

/** Makes links to lines: numbers are pressed, with Shift for a range, or gone through by key from one stop of Tab. */
export function useLineMarks({ rows, list, scroller, step, range, onSelect, onStay, onKeyed }: Marked): LineMarks {
  const [cursor, setCursor] = useState<Line>();
  const [keyed, setKeyed] = useState(false);
  const focusing = useRef(false);
  const focused = useRef(false);
  // The address follows by and by: keys that come faster must not wait for it. What is in it and was not sent is a link's.
  const latest = useRef<Marks>(undefined);
  const sent = useRef(new Set<string>());
  const before = useRef<Marks>(undefined);
  const address = marksOf(step, range);
  if (keyOf(address) === keyOf(latest.current)) sent.current.clear();
  else if (!sent.current.has(keyOf(address))) {
    latest.current = address;
    before.current = undefined;
  }
  const marked = keyOf(latest.current);
  const put = (marks: Marks | undefined, of: number) => {
    latest.current = marks;
    sent.current.add(keyOf(address)).add(keyOf(marks));
    onSelect(of, marks ? marksHash(marks) : "");
  };
  const select = (marks: Marks) => {
    before.current = undefined;
    put(marks, marks.step);
  };
  const press = (line: Line, to: boolean) => {
    const old = latest.current;
    onStay();
    setCursor(line);
    select(mark(old, line, to));
    if (!to) before.current = old;
  };

  const indexOf = ({ step, n }: Line) => rows.index(rows.blocks.findIndex((b) => !b.head && b.step.step === step), n);
  const lineAt = (index: number): Line | undefined => {
    const at = rows.find(index);
    return at && !at.block.head && at.block.log.total > 0 ? { step: at.block.step.step, n: at.row } : undefined;
  };
  /** The first line from a row on, in a direction. */
  const nearest = (index: number, by: 1 | -1): Line | undefined => {
    for (let i = index; i >= 0 && i < rows.count; i += by) {
      const line = lineAt(i);
      if (line) return line;
    }
    return undefined;
  };
  const go = (line: Line | undefined) => {
    if (!line) return;
    onStay();
    setCursor(line);
    focusing.current = true;
    const index = indexOf(line);
    if (index < list.from || index >= list.to) list.scrollTo(index, "center");
  };
  useLayoutEffect(() => {
    if (focusing.current && cursor) {
      const link = scroller.current?.querySelector<HTMLElement>(`a.log-n[data-step="${cursor.step}"][data-line="${cursor.n}"]`);
      if (!link) return;
      focusing.current = false;
      link.focus();
    } else if (focused.current && document.activeElement === document.body) {
      // The number that had the keyboard was scrolled away, and is not in the page any more.
      focused.current = false;
      setKeyed(false);
      scroller.current?.focus({ preventScroll: true });
    }
  });

  // What is said of marked lines takes room from the lines.
  useLayoutEffect(() => {
    if (focused.current) document.activeElement?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [marked]);

  const drawn = (line: Line | undefined) => {
    const index = line ? indexOf(line) : -1;
    return index >= list.from && index < list.to && lineAt(index)?.n === line?.n;
  };
  const inView = () => {
    // The head of a step covers its first lines in view.
    for (let i = list.first + (lineAt(list.first) ? 3 : 0); i < list.end; i++) if (lineAt(i)) return lineAt(i);
    return lineAt(list.first);
  };
  const first = latest.current && { step: latest.current.step, n: latest.current.anchor };
  return {
    stop: [cursor, first].find(drawn) ?? inView(),
    marks: latest.current,
    offered: offer(before.current, latest.current),
    keyed,
    select,
    unmark() {
      const of = latest.current?.step;
      before.current = undefined;
      if (of !== undefined) put(undefined, of);
      scroller.current?.focus({ preventScroll: true });
    },
    onClick(e) {
      const line = lineOf(e.target);
      if (!line || e.metaKey || e.ctrlKey) return;
      e.preventDefault();
      press(line, e.shiftKey);
    },
    onFocus(e) {
      const line = lineOf(e.target);
      focused.current = line !== undefined;
      if (!line) return;
      setCursor(line);
      if (!e.target.matches(":focus-visible")) return;
      if (!keyed) onKeyed();
      setKeyed(true);
      onStay();
    },
    onBlur() {
      // One that goes from the page with its line tells nothing.
      focused.current = false;
      setKeyed(false);
    },
    onKeyDown(e) {
      const line = lineOf(e.target);
      if (!line || e.metaKey || e.ctrlKey || e.altKey) return false;
      const by = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : undefined;
      const page = e.key === "PageDown" ? 1 : e.key === "PageUp" ? -1 : undefined;
      if (by) {
        const next = e.shiftKey ? lineAt(indexOf(line) + by) : nearest(indexOf(line) + by, by);
        if (e.shiftKey && next) select(grow(latest.current, line, next.n));
        go(next);
      } else if (page) {
        const index = Math.max(0, Math.min(rows.count - 1, indexOf(line) + page * Math.max(1, list.end - list.first - 2)));
        go(nearest(index, page) ?? nearest(index, page === 1 ? -1 : 1));
      } else if (e.key === "Enter" || e.key === " ") {
        press(line, e.shiftKey);
      } else {
        return false;
      }
      e.preventDefault();
      return true;
    },
  };
}

/** What is marked, and what can be done with it. It stands below the lines, so that none moves under the finger. */
export function MarkBar({ lines }: { lines: LineMarks }) {
  const { marks, offered, keyed } = lines;
  if (!marks && !keyed) return null;
  return (
    <div className="log-marks">
      <span role="status">{marks ? <><strong>{marksText(marks)}</strong> {marks.range.from === marks.range.to ? "is" : "are"} marked<span className="log-leads">: the address leads here</span></> : "No line is marked"}</span>
      {!offered && <span className="muted">{keyed ? "↑ ↓ go, Enter marks, with Shift a range" : TOUCH ? "Another number makes a range" : "Shift and a click mark a range"}</span>}
      <span className="space" />
      {offered && <Button kind="quiet" onClick={() => lines.select(offered)}>Mark {marksText(offered).toLowerCase()}</Button>}
      {marks && "clipboard" in navigator && <Button kind="quiet" onClick={() => void navigator.clipboard.writeText(location.href).then(() => toast("Copied"), report)}>Copy link</Button>}
      {marks && <Button kind="quiet" className="icon" aria-label="Unmark" onClick={lines.unmark}>✕</Button>}
    </div>
  );
}
