import { type CSSProperties, type ReactNode, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { download } from "../api/client";
import type { Hit } from "../model/hits";
import type { Range } from "../model/log";
import { Heights, Rows } from "../model/rows";
import { isFinal, label } from "../model/status";
import { firstOpen, followed, HEAD, opensAt, opensAtEnd, whyStep } from "../model/steps";
import { between, duration } from "../model/time";
import type { AttemptRun } from "../model/types";
import "../styles/log.css";
import { Button } from "../ui/Button";
import { report } from "../ui/toast";
import { useNow, useStored, useWidth } from "../util/hooks";
import { usePlace } from "../util/places";
import { useTallList } from "../util/tallList";
import { LogLineRow } from "./LogLine";
import { MarkBar, useLineMarks } from "./LogMarks";
import { LogSearchForm, useLogSearch } from "./LogSearch";
import { StatusIcon } from "./Status";
import { emptyText, type Part, useStepLogs } from "./stepLogs";

interface Props {
  job: string;
  /** For the names of downloads. */
  name: string;
  attempt: AttemptRun;
  /** Step and lines that the address marks. */
  step: number | undefined;
  range: Range | undefined;
  onSelect: (step: number, hash: string) => void;
}

/** Where a reader was who comes back. */
interface Left {
  at: Hit;
  folds: Record<number, boolean>;
}

const LINE = 20;
const HEADS = new Heights(36);

/** The log of a job: its steps fold, only the lines in view exist, the end follows what is printed. */
export function LogViewer({ job, name, attempt, step: markedStep, range, onSelect }: Props) {
  const [, render] = useReducer((n: number) => n + 1, 0);
  const logs = useStepLogs(job, attempt.attempt, render);
  const { steps } = attempt;
  const running = !isFinal(attempt.status);
  const first = useMemo(() => firstOpen(attempt, markedStep), [attempt, markedStep]);
  const left = useRef<() => Left | undefined>(undefined);
  const back = usePlace<Left>(`${job}.${attempt.attempt}`, () => left.current?.());
  const [follow, setFollow] = useState(() => !back && opensAtEnd(attempt, markedStep, range));
  // What a reader opened, closed or has in view; the rest opens and closes as the job goes on.
  const [folds, setFolds] = useState<Record<number, boolean>>(back?.folds ?? (follow || first === undefined ? {} : { [first]: true }));
  const [wrap, setWrap] = useStored("cds.log.wrap");
  const [times, setTimes] = useStored("cds.log.times");
  const section = useRef<HTMLElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const now = useNow(running);

  const tail = follow ? followed(steps)?.step : undefined;
  const isOpen = (s: number) => folds[s] ?? (s === first || s === tail);
  // Lines may come between the reader's hand and the next drawing: this is true at once.
  const following = useRef(follow);
  const setFollowing = (on: boolean) => {
    following.current = on;
    setFollow(on);
    // Nobody's step closes because the next one begins.
    if (!on) setFolds((f) => ({ ...Object.fromEntries(steps.filter((s) => isOpen(s.step)).map((s) => [s.step, true])), ...f }));
  };
  const heights = useRef(new Map<number, Heights>());
  const parts: Part[] = [];
  for (const step of steps) {
    const log = logs(step.step);
    const open = isOpen(step.step);
    let lines = heights.current.get(step.step);
    if (!lines) heights.current.set(step.step, (lines = new Heights(LINE)));
    parts.push({ step, log, open, head: true, rows: 1, heights: HEADS });
    parts.push({ step, log, open, head: false, rows: open ? Math.max(log.total, 1) : 0, heights: lines });
  }
  const rows = new Rows(parts);
  const list = useTallList(rows, scroller, wrap);
  const { scrollTo } = list;

  const pending = useRef<Hit | undefined>(back?.at ?? (follow ? undefined : opensAt(attempt, markedStep, range)));
  // Who follows the end finds it again; who has read on finds what was in the middle.
  left.current = () => {
    const at = following.current ? undefined : rows.find(list.middle());
    const line = at && !at.block.head && at.block.log.total > 0 ? at.row : HEAD;
    return at && { at: pending.current ?? { step: at.block.step.step, line }, folds: Object.fromEntries(steps.map((s) => [s.step, isOpen(s.step)])) };
  };
  const goTo = (at: Hit) => {
    setFollowing(false);
    setFolds((f) => ({ ...f, [at.step]: true }));
    pending.current = at;
    render();
  };
  // Another link on the same page.
  const mark = range && markedStep !== undefined ? `${markedStep}#${range.from}` : "";
  const lastMark = useRef(mark);
  useEffect(() => {
    if (lastMark.current === mark) return;
    lastMark.current = mark;
    const nth = parts.findIndex((p) => !p.head && p.step.step === markedStep);
    const index = range ? rows.index(nth, range.from) : 0;
    if (!range || markedStep === undefined || (parts[nth]?.open && index >= list.first && index < list.end)) return;
    goTo({ step: markedStep, line: range.from });
  });
  const opened = parts.filter((p) => p.head && p.open && p.step.status !== "").map((p) => p.step.step).join();
  useEffect(() => {
    for (const { head, open, step, log } of parts) {
      const at = pending.current?.step === step.step ? Math.max(0, pending.current.line) : 0;
      if (head && open && step.status !== "") void log.open(!isFinal(step.status), at === Infinity ? -1 : at);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [opened]);
  // Ask for what is in view.
  useEffect(() => {
    for (const [nth, part] of parts.entries()) {
      if (part.head || part.log.total === 0) continue;
      const begin = rows.index(nth, 0);
      const [from, to] = [Math.max(list.first - begin, 0), Math.min(list.end - begin, part.rows)];
      if (from < to) part.log.need(from, to);
    }
  });
  // Measured heights are those of one width.
  const width = useWidth(scroller);
  useMemo(() => {
    for (const h of heights.current.values()) h.clear();
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [wrap, times, width]);
  // A selection that is being drawn is lost if the lines move under the pointer: they wait until it is let go.
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (!held) return;
    const gone = new AbortController();
    for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, () => setHeld(false), { signal: gone.signal });
    return () => gone.abort();
  }, [held]);
  const scrolled = () => {
    const { by, atEnd } = list.onScroll();
    if (by === 0) return;
    // The reader goes elsewhere: by wheel, key, finger or scroll bar.
    pending.current = undefined;
    if (following.current && by < 0 && !atEnd) setFollowing(false);
    else if (!following.current && by > 0 && atEnd && running) setFollowing(true);
  };
  useEffect(() => {
    if (!follow || rows.count === 0) return;
    // The box may have been moved a moment ago, and the page not have heard of it yet.
    scrolled();
    if (following.current && !held) scrollTo(rows.count - 1, "end");
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [follow, held, rows.count, rows.height, scrollTo]);
  // Who selects lines wants to keep them in view.
  useEffect(() => {
    const selected = () => {
      const selection = getSelection();
      if (following.current && selection?.type === "Range" && scroller.current?.contains(selection.anchorNode)) setFollowing(false);
    };
    document.addEventListener("selectionchange", selected);
    return () => document.removeEventListener("selectionchange", selected);
  });
  // Small screens have the log below the fold: what is gone to, or followed, must be seen.
  const reveal = () => {
    const box = section.current;
    if (box && box.getBoundingClientRect().bottom > innerHeight) box.scrollIntoView({ block: "end" });
  };
  const printed = parts.some((p) => !p.head && p.log.total > 0);
  useEffect(() => {
    if (follow && printed) reveal();
  }, [follow, printed]);

  useEffect(() => {
    const at = pending.current;
    const nth = at ? parts.findIndex((p) => !p.head && p.step.step === at.step) : -1;
    const part = parts[nth];
    if (!at || !part?.open || part.log.total === 0) return;
    // A line that is still to come is waited for, unless the reader goes elsewhere.
    if (at.line !== Infinity && at.line >= part.log.total && part.log.state !== "complete") return;
    pending.current = undefined;
    if (at.line === HEAD) scrollTo(rows.index(nth - 1, 0), "start");
    else scrollTo(rows.index(nth, Math.min(at.line, part.log.total - 1)), "center");
    reveal();
  });

  const search = useLogSearch({
    steps: steps.filter((s) => s.status !== "").map((s) => s.step),
    find: (step, text, from, max) => logs(step).search(text, from, max, steps.some((s) => s.step === step && !isFinal(s.status))),
    printed: (step) => logs(step).printed,
    show: goTo,
  });
  const current = search.hits?.at(search.at);
  const allOpen = steps.every((s) => isOpen(s.step));

  const lines = useLineMarks({ rows, list, scroller, step: markedStep, range, onSelect, onStay: () => following.current && setFollowing(false), onKeyed: reveal });
  const headOf = ({ step, log, open }: Part) => {
    const took = between(step.start, step.done, now);
    const why = whyStep(step);
    return (
      <>
        <button type="button" aria-expanded={open} onClick={() => setFolds({ ...folds, [step.step]: !open })}>
          <i className="caret" aria-hidden="true" />
          <StatusIcon status={step.status} size={15} />
          <span className="log-step">{step.name}</span>
          <span className="sr">{label(step.status)}</span>
          {why && <span className={`${step.optional ? "muted" : "bad-text"} small log-reason`} title={why}>{why}</span>}
          <span className="log-took">{log.state === "cut" && <em>connection lost, trying again</em>}{open && log.total >= 1000 && <span className="log-total">{log.total.toLocaleString("en")} lines</span>}{took !== undefined && duration(took)}</span>
        </button>
        {open && log.total > 0 && <Button kind="quiet" aria-label={`Raw log of ${step.name}`} onClick={() => download(log.rawPath, `${name}-${step.step}.log`).catch(report)}>Raw</Button>}
      </>
    );
  };
  // Deep in a step, its head stays in view: what it is, and its raw log. There is one of it, in the order of the steps, also
  // where its own place is beyond what is drawn.
  const top = rows.find(list.first)?.block;
  const stuck = top && !top.head && top.log.total > 0 ? top.step.step : undefined;
  const drawHead = (part: Part, beyond = false) => <div key={`${part.step.step}`} className={`log-head ${stuck === part.step.step ? "stuck" : ""} ${beyond ? "beyond" : ""}`}>{headOf(part)}</div>;

  const marked = range && parts.find((p) => !p.head && p.step.step === markedStep);
  const past = marked && marked.log.state === "complete" && range.from >= marked.log.total;
  const digits = String(Math.max(...parts.map((p) => (p.head ? 0 : p.rows)))).length;
  const drawn: ReactNode[] = [];
  if (top && top.step.step === stuck && rows.index(parts.findIndex((p) => p.head && p.step.step === stuck), 0) < list.from) drawn.push(drawHead(top, true));
  for (let index = list.from; index < list.to; index++) {
    const at = rows.find(index);
    if (!at) break;
    const { step, log, head } = at.block;
    if (head) {
      drawn.push(drawHead(at.block));
    } else if (log.total === 0) {
      drawn.push(<div key={`${step.step} none`} className="log-none">{emptyText(step.status, log, !running)}</div>);
    } else {
      const n = at.row;
      drawn.push(
        <LogLineRow
          key={`${step.step}:${n}`}
          attempt={attempt.attempt}
          step={step.step}
          n={n}
          row={index}
          line={log.line(n)}
          style={log.style(n)}
          marked={markedStep === step.step && range !== undefined && n >= range.from && n <= range.to}
          found={current !== undefined && current.step === step.step && current.line === n}
          word={search.hits?.count ? search.text.trim() : ""}
          times={times}
          stop={lines.stop?.step === step.step && lines.stop.n === n}
        />,
      );
    }
  }

  return (
    <section ref={section} className={`log ${wrap ? "wrap" : ""}`} aria-label="Log">
      <div className="log-tools">
        <LogSearchForm search={search} onLeave={() => scroller.current?.focus({ preventScroll: true })} />
        <span className="log-switches">
          {running && <Button kind="quiet" aria-pressed={follow} onClick={() => setFollowing(!follow)}>Follow</Button>}
          {steps.length > 1 && <Button kind="quiet" onClick={() => { setFollowing(false); setFolds(Object.fromEntries(steps.map((s) => [s.step, !allOpen]))); }}>{allOpen ? "Close all" : "Open all"}</Button>}
          <Button kind="quiet" aria-label="Raw log of the whole job" onClick={() => download(`/v1/jobs/${job}/attempts/${attempt.attempt}/log`, `${name}.log`).catch(report)}>Raw</Button>
          <Button kind="quiet" aria-pressed={times} onClick={() => setTimes(!times)}>Times</Button>
          <Button kind="quiet" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>Wrap</Button>
        </span>
      </div>
      {past && <p className="why wait log-past" role="status">The address names line {(range.from + 1).toLocaleString("en")}, which this step did not print: it has {marked.log.total.toLocaleString("en")}.</p>}
      <div
        ref={scroller}
        className="log-scroll"
        tabIndex={0}
        aria-label="Lines of the log"
        aria-description="Tab leads to the line numbers: Up and Down go from one to the next, Enter marks a line, Shift with them a range."
        role="group"
        onScroll={scrolled}
        onClick={lines.onClick}
        onFocus={lines.onFocus}
        onBlur={lines.onBlur}
        onPointerDown={(e) => e.pointerType === "mouse" && e.button === 0 && setHeld(true)}
        onKeyDown={(e) => {
          if (lines.onKeyDown(e) || (e.key !== "Home" && e.key !== "End")) return;
          e.preventDefault();
          pending.current = undefined;
          setFollowing(e.key === "End" && running);
          scrollTo(e.key === "Home" ? 0 : rows.count - 1, e.key === "Home" ? "start" : "end");
        }}
      >
        <div className="log-lines" style={{ height: list.height, "--digits": digits } as CSSProperties}>
          <div className="log-drawn" style={{ top: list.start }}>{drawn}</div>
        </div>
      </div>
      {!past && <MarkBar lines={lines} />}
    </section>
  );
}
