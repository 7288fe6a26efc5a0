import { type CSSProperties, type FormEvent, type MouseEvent, type ReactNode, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { download } from "../api/client";
import { StepLog } from "../api/stepLog";
import { formatHash, type Range } from "../model/log";
import { type Block, Heights, Rows } from "../model/rows";
import { isFinal } from "../model/status";
import { between, duration } from "../model/time";
import type { AttemptRun } from "../model/types";
import "../styles/log.css";
import { Button } from "../ui/Button";
import { report } from "../ui/toast";
import { useNow, useWidth } from "../util/hooks";
import { useTallList } from "../util/tallList";
import { LogLineRow } from "./LogLine";
import { StatusIcon } from "./Status";

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

interface Hit {
  step: number;
  line: number;
}

interface Part extends Block {
  step: AttemptRun["steps"][number];
  log: StepLog;
  open: boolean;
  head: boolean;
}

const LINE = 20;
const HEADS = new Heights(36);

/** The log of a job: its steps fold, only the lines in view exist, the end follows what is printed. */
export function LogViewer({ job, name, attempt, step: markedStep, range, onSelect }: Props) {
  const [, render] = useReducer((n: number) => n + 1, 0);
  const logs = useStepLogs(job, attempt, render);
  const steps = attempt.steps;
  const running = !isFinal(attempt.status);
  const [folds, setFolds] = useState<Record<number, boolean>>({});
  const [follow, setFollow] = useState(running && range === undefined);
  const [wrap, setWrap] = useStored("cds.log.wrap");
  const [times, setTimes] = useStored("cds.log.times");
  const [word, setWord] = useState("");
  const [hits, setHits] = useState<Hit[]>();
  const [hit, setHit] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const now = useNow(running);

  const first = useMemo(() => firstOpen(attempt, markedStep), [attempt, markedStep]);
  const isOpen = (s: number, status: string) => folds[s] ?? (s === first || (follow && status === "Building"));
  const heights = useRef(new Map<number, Heights>());
  const parts: Part[] = [];
  for (const step of steps) {
    const log = logs(step.step);
    const open = isOpen(step.step, step.status);
    let lines = heights.current.get(step.step);
    if (!lines) heights.current.set(step.step, (lines = new Heights(LINE)));
    parts.push({ step, log, open, head: true, rows: 1, heights: HEADS });
    parts.push({ step, log, open, head: false, rows: open ? Math.max(log.total, 1) : 0, heights: lines });
  }
  const rows = new Rows(parts);
  const list = useTallList(rows, scroller, wrap);
  const { scrollTo } = list;

  // Without a mark, of what failed the end is shown: that is where the reason stands.
  const failedStep = steps.find((s) => s.status === "Fail");
  const pending = useRef<Hit | undefined>(
    range && markedStep !== undefined
      ? { step: markedStep, line: range.from }
      : failedStep && (markedStep ?? failedStep.step) === failedStep.step
        ? { step: failedStep.step, line: Infinity }
        : undefined,
  );
  const goTo = (at: Hit) => {
    setFollow(false);
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
      const at = pending.current?.step === step.step ? pending.current.line : 0;
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
  useEffect(() => {
    if (follow && rows.count > 0) scrollTo(rows.count - 1, "end");
  }, [follow, rows.count, rows.height, scrollTo]);

  useEffect(() => {
    const at = pending.current;
    const nth = at ? parts.findIndex((p) => !p.head && p.step.step === at.step) : -1;
    const part = parts[nth];
    if (!at || !part?.open || part.log.total === 0) return;
    // A line that is still to come is waited for, unless the reader goes elsewhere.
    if (at.line !== Infinity && at.line >= part.log.total && part.log.state !== "complete") return;
    pending.current = undefined;
    scrollTo(rows.index(nth, Math.min(at.line, part.log.total - 1)), "center");
  });

  async function search(e: FormEvent) {
    e.preventDefault();
    const q = word.trim();
    if (!q) return setHits(undefined);
    if (hits && hits.length > 0) return move(1);
    try {
      const found = await Promise.all(steps.filter((s) => s.status !== "").map(async (s) => (await logs(s.step).search(q)).map((line) => ({ step: s.step, line }))));
      const all = found.flat();
      setHits(all);
      setHit(0);
      if (all[0]) goTo(all[0]);
    } catch (problem) {
      report(problem);
    }
  }
  const move = (by: number) => {
    if (!hits?.length) return;
    const next = (hit + by + hits.length) % hits.length;
    setHit(next);
    goTo(hits[next] as Hit);
  };
  const current = hits?.[hit];
  const allOpen = steps.every((s) => isOpen(s.step, s.status));

  const markLine = (e: MouseEvent) => {
    const link = (e.target as HTMLElement).closest<HTMLElement>("a.log-n");
    if (!link || e.metaKey || e.ctrlKey) return;
    e.preventDefault();
    setFollow(false);
    const [step, n] = [Number(link.dataset.step), Number(link.dataset.line)];
    const from = e.shiftKey && range && markedStep === step ? range.from : n;
    onSelect(step, formatHash({ from: Math.min(from, n), to: Math.max(from, n) }));
  };

  const headOf = ({ step, log, open }: Part) => {
    const took = between(step.start, step.done, now);
    return (
      <>
        <button type="button" aria-expanded={open} onClick={() => setFolds({ ...folds, [step.step]: !open })}>
          <i className="caret" aria-hidden="true" />
          <StatusIcon status={step.status} size={15} />
          <span className="log-step">{step.name}</span>
          {step.reason && <span className="bad-text small log-reason" title={step.reason}>{step.reason}</span>}
          <span className="log-took">{log.state === "cut" && <em>connection lost, trying again</em>}{open && log.total >= 1000 && <span className="log-total">{log.total.toLocaleString("en")} lines</span>}{took !== undefined && duration(took)}</span>
        </button>
        {open && log.total > 0 && <Button kind="quiet" aria-label={`Raw log of ${step.name}`} onClick={() => download(log.rawPath, `${name}-${step.step}.log`).catch(report)}>Raw</Button>}
      </>
    );
  };
  // Deep in a step, its head stays in view: what it is, and its raw log.
  const top = rows.find(list.first);
  const stuck = top && !top.block.head && top.block.log.total > 0 ? top.block : undefined;

  const digits = String(Math.max(...parts.map((p) => (p.head ? 0 : p.rows)))).length;
  const drawn: ReactNode[] = [];
  for (let index = list.from; index < list.to; index++) {
    const at = rows.find(index);
    if (!at) break;
    const { step, log, head } = at.block;
    if (head) {
      drawn.push(<div key={`${step.step}`} className="log-head">{headOf(at.block)}</div>);
    } else if (log.total === 0) {
      drawn.push(<div key={`${step.step} none`} className="log-none">{emptyText(step.status, log)}</div>);
    } else {
      const n = at.row;
      drawn.push(
        <LogLineRow
          key={`${step.step}:${n}`}
          step={step.step}
          n={n}
          row={index}
          line={log.line(n)}
          style={log.style(n)}
          marked={markedStep === step.step && range !== undefined && n >= range.from && n <= range.to}
          found={current !== undefined && current.step === step.step && current.line === n}
          word={hits?.length ? word.trim() : ""}
          times={times}
        />,
      );
    }
  }

  return (
    <section className={`log ${wrap ? "wrap" : ""}`} aria-label="Log">
      <div className="log-tools">
        <form role="search" onSubmit={(e) => void search(e)}>
          <input type="search" aria-label="Search the whole log" placeholder="Search the whole log" value={word} onChange={(e) => { setWord(e.target.value); setHits(undefined); }} onKeyDown={(e) => { if (e.key === "Enter" && e.shiftKey) { e.preventDefault(); move(-1); } }} />
          {hits && <span className="small" role="status">{hits.length === 0 ? "Not found" : `${hit + 1} of ${hits.length}`}</span>}
          {hits && hits.length > 1 && <><Button kind="quiet" className="icon" aria-label="Previous match" onClick={() => move(-1)}>↑</Button><Button kind="quiet" className="icon" aria-label="Next match" onClick={() => move(1)}>↓</Button></>}
        </form>
        <span className="log-switches">
          {running && <Button kind="quiet" aria-pressed={follow} onClick={() => setFollow(!follow)}>Follow</Button>}
          {steps.length > 1 && <Button kind="quiet" onClick={() => { setFollow(false); setFolds(Object.fromEntries(steps.map((s) => [s.step, !allOpen]))); }}>{allOpen ? "Close all" : "Open all"}</Button>}
          <Button kind="quiet" aria-label="Raw log of the whole job" onClick={() => download(`/v1/jobs/${job}/attempts/${attempt.attempt}/log`, `${name}.log`).catch(report)}>Raw</Button>
          <Button kind="quiet" aria-pressed={times} onClick={() => setTimes(!times)}>Times</Button>
          <Button kind="quiet" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>Wrap</Button>
        </span>
      </div>
      <div
        ref={scroller}
        className="log-scroll"
        tabIndex={0}
        aria-label="Lines of the log"
        role="group"
        onScroll={list.onScroll}
        onClick={markLine}
        onWheel={(e) => {
          pending.current = undefined;
          if (e.deltaY < 0) setFollow(false);
        }}
        onTouchMove={() => {
          pending.current = undefined;
          setFollow(false);
        }}
        onKeyDown={(e) => {
          pending.current = undefined;
          if (["ArrowUp", "PageUp", "Home"].includes(e.key)) setFollow(false);
          if (e.key !== "Home" && e.key !== "End") return;
          e.preventDefault();
          if (e.key === "End" && running) setFollow(true);
          scrollTo(e.key === "Home" ? 0 : rows.count - 1, e.key === "Home" ? "start" : "end");
        }}
      >
        {stuck && <div className="log-stuck"><div className="log-head">{headOf(stuck)}</div></div>}
        <div className="log-lines" style={{ height: list.height, "--digits": digits } as CSSProperties}>
          <div className="log-drawn" style={{ transform: `translateY(${list.start}px)` }}>{drawn}</div>
        </div>
      </div>
    </section>
  );
}

/** One StepLog for each step, closed with the view. */
function useStepLogs(job: string, attempt: AttemptRun, render: () => void): (step: number) => StepLog {
  const known = useRef(new Map<number, StepLog>());
  const frame = useRef(0);
  useEffect(() => {
    const map = known.current;
    return () => {
      cancelAnimationFrame(frame.current);
      for (const log of map.values()) log.close();
      map.clear();
    };
  }, []);
  return (step) => {
    let log = known.current.get(step);
    if (!log) {
      // Many lines of one moment are one drawing.
      log = new StepLog(job, attempt.attempt, step, () => {
        cancelAnimationFrame(frame.current);
        frame.current = requestAnimationFrame(render);
      });
      known.current.set(step, log);
    }
    return log;
  };
}

/** The step to open first: marked, failed, running, or the last that was reached. */
function firstOpen(attempt: AttemptRun, marked: number | undefined): number | undefined {
  const { steps } = attempt;
  if (marked !== undefined && steps.some((s) => s.step === marked)) return marked;
  const step = steps.find((s) => s.status === "Fail") ?? steps.find((s) => s.status === "Building") ?? steps.findLast((s) => s.start) ?? steps[0];
  return step?.step;
}

function emptyText(status: string, log: StepLog): string {
  if (log.state === "failed") return `The log could not be read: ${log.error}`;
  if (log.state === "away") return `${log.error} Trying again by itself.`;
  if (log.state === "loading") return "Reading…";
  if (status === "") return "Not reached yet";
  return isFinal(status) ? "It printed nothing" : "Nothing printed yet";
}

function useStored(key: string): [boolean, (value: boolean) => void] {
  const [value, setValue] = useState(() => {
    try {
      return localStorage.getItem(key) === "yes";
    } catch {
      return false;
    }
  });
  return [
    value,
    (next) => {
      setValue(next);
      try {
        localStorage.setItem(key, next ? "yes" : "no");
      } catch {
        // It then lasts as long as the page.
      }
    },
  ];
}
