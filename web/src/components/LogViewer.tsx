import { useVirtualizer } from "@tanstack/react-virtual";
import { type FormEvent, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { download } from "../api/client";
import { StepLog, WINDOW } from "../api/stepLog";
import { formatHash, type Range } from "../model/log";
import { isFinal } from "../model/status";
import { between, duration } from "../model/time";
import type { AttemptRun } from "../model/types";
import "../styles/log.css";
import { Button } from "../ui/Button";
import { report } from "../ui/toast";
import { useNow } from "../util/hooks";
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

const LINE = 20;
const HEAD = 36;

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
  const segments: { step: AttemptRun["steps"][number]; log: StepLog; open: boolean; at: number; count: number }[] = [];
  let total = 0;
  for (const step of steps) {
    const log = logs(step.step);
    const open = isOpen(step.step, step.status);
    const count = 1 + (open ? Math.max(log.count, 1) : 0);
    segments.push({ step, log, open, at: total, count });
    total += count;
  }
  const opened = segments.filter((s) => s.open && s.step.status !== "").map((s) => s.step.step).join();
  useEffect(() => {
    for (const s of segments) if (s.open && s.step.status !== "") void logs(s.step.step).open(!isFinal(s.step.status));
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [opened]);

  const segmentAt = (index: number) => segments.findLast((s) => s.at <= index);
  const list = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (segmentAt(index)?.at === index ? HEAD : LINE),
    overscan: 30,
    getItemKey: (index) => {
      const s = segmentAt(index);
      return s ? `${s.step.step}:${s.at === index ? "head" : s.log.base + index - s.at - 1}` : index;
    },
  });
  const items = list.getVirtualItems();
  // Ask for what is in view.
  useEffect(() => {
    const from = items[0]?.index ?? 0;
    const to = (items.at(-1)?.index ?? 0) + 1;
    for (const s of segments) {
      if (!s.open || s.log.total === 0) continue;
      const a = Math.max(from, s.at + 1) - s.at - 1;
      const b = Math.min(to, s.at + s.count) - s.at - 1;
      if (a < b) s.log.need(s.log.base + a, s.log.base + b);
    }
  });
  useEffect(() => list.measure(), [wrap, list]);
  useEffect(() => {
    if (follow && total > 0) list.scrollToIndex(total - 1, { align: "end" });
  }, [follow, total, list]);

  const goTo = (at: Hit) => {
    setFollow(false);
    setFolds((f) => ({ ...f, [at.step]: true }));
    pending.current = at;
    render();
  };
  // Without a mark, of what failed the end is shown: that is where the reason stands.
  const failedStep = steps.find((s) => s.status === "Fail");
  const pending = useRef<Hit | undefined>(
    range && markedStep !== undefined
      ? { step: markedStep, line: range.from }
      : failedStep && (markedStep ?? failedStep.step) === failedStep.step
        ? { step: failedStep.step, line: Infinity }
        : undefined,
  );
  useEffect(() => {
    const at = pending.current;
    const s = at && segments.find((x) => x.step.step === at.step);
    if (!at || !s?.open || s.log.total === 0) return;
    pending.current = undefined;
    s.log.reveal(Math.min(at.line, s.log.total - 1));
    list.scrollToIndex(s.at + 1 + Math.min(at.line, s.log.total - 1) - s.log.base, { align: "center" });
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
        onWheel={(e) => e.deltaY < 0 && setFollow(false)}
        onTouchMove={() => setFollow(false)}
        onKeyDown={(e) => {
          if (["ArrowUp", "PageUp", "Home"].includes(e.key)) setFollow(false);
          if (e.key === "End" && running) setFollow(true);
        }}
      >
        <div className="log-lines" style={{ height: list.getTotalSize() }}>
          {items.map((item) => {
            const s = segmentAt(item.index);
            if (!s) return null;
            const place = { transform: `translateY(${item.start}px)` };
            const measure = wrap ? { ref: list.measureElement, "data-index": item.index } : {};
            if (item.index === s.at) {
              const took = between(s.step.start, s.step.done, now);
              return (
                <div key={item.key} {...measure} className="log-head" style={place}>
                  <button type="button" aria-expanded={s.open} onClick={() => setFolds({ ...folds, [s.step.step]: !s.open })}>
                    <i className="caret" aria-hidden="true" />
                    <StatusIcon status={s.step.status} size={15} />
                    <span className="log-step">{s.step.name}</span>
                    {s.step.reason && <span className="bad-text small">{s.step.reason}</span>}
                    <span className="log-took">{s.log.state === "cut" && <em>connection lost, trying again</em>}{took !== undefined && duration(took)}</span>
                  </button>
                  {s.open && s.log.total > WINDOW && (
                    <span className="log-window small">
                      {s.log.base > 0 && <Button kind="quiet" onClick={() => { setFollow(false); s.log.shift(-1); list.scrollToIndex(s.at, { align: "start" }); }}>Earlier</Button>}
                      lines {(s.log.base + 1).toLocaleString("en")}–{(s.log.base + s.log.count).toLocaleString("en")} of {s.log.total.toLocaleString("en")}
                      {s.log.base + s.log.count < s.log.total && <Button kind="quiet" onClick={() => { s.log.shift(1); list.scrollToIndex(s.at, { align: "start" }); }}>Later</Button>}
                    </span>
                  )}
                  {s.open && s.log.total > 0 && <Button kind="quiet" aria-label={`Raw log of ${s.step.name}`} onClick={() => download(s.log.rawPath, `${name}-${s.step.step}.log`).catch(report)}>Raw</Button>}
                </div>
              );
            }
            const n = s.log.base + item.index - s.at - 1;
            if (s.log.total === 0) return <div key={item.key} {...measure} className="log-none" style={place}>{emptyText(s.step.status, s.log)}</div>;
            const marked = markedStep === s.step.step && range !== undefined && n >= range.from && n <= range.to;
            return (
              <LogLineRow
                key={item.key}
                n={n}
                line={s.log.line(n)}
                marked={marked}
                found={current !== undefined && current.step === s.step.step && current.line === n}
                word={hits?.length ? word.trim() : ""}
                times={times}
                style={place}
                measure={measure}
                href={`?step=${s.step.step}${formatHash({ from: n, to: n })}`}
                onMark={(extend) => {
                  setFollow(false);
                  const from = extend && range && markedStep === s.step.step ? range.from : n;
                  onSelect(s.step.step, formatHash({ from: Math.min(from, n), to: Math.max(from, n) }));
                }}
              />
            );
          })}
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
