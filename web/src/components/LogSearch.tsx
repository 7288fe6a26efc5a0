import { useEffect, useRef, useState } from "react";
import { FIRST, type Hit, Hits, MORE, type StepHits } from "../model/hits";
import { Button } from "../ui/Button";
import { report } from "../ui/toast";

const MAC = /Mac|iP/.test(navigator.platform);
const KEYS = MAC ? "⌘F" : "Ctrl+F";
const TOUCH = matchMedia("(pointer: coarse)").matches;

/** So often steps that print are looked into again. */
const AGAIN_MS = 2000;

export interface LogSearch {
  text: string;
  write: (text: string) => void;
  hits: Hits | undefined;
  /** Which of them is shown; -1 = none was gone to. */
  at: number;
  busy: boolean;
  /** What is shown now was asked for, and did not come by itself. */
  asked: boolean;
  /** Searches, and from then on goes from place to place. */
  go: (by: 1 | -1) => void;
}

interface Searched {
  steps: readonly number[];
  /** Asks for the first places in one step from a line on. */
  find: (step: number, text: string, from: number, max: number) => Promise<StepHits>;
  /** Another number once the step has printed; undefined = not known. */
  printed: (step: number) => number | undefined;
  /** Brings a place into view. */
  show: (hit: Hit) => void;
}

/** The search over all steps of a log, also over what they print after it was made. */
export function useLogSearch({ steps, find, printed, show }: Searched): LogSearch {
  const [text, setText] = useState("");
  const [hits, setHits] = useState<Hits>();
  const [at, setAt] = useState(-1);
  const [busy, setBusy] = useState(false);
  const [asked, setAsked] = useState(true);
  // Answers to what is not in the field any more are of no use.
  const asking = useRef(0);
  // What steps had printed when they were looked into.
  const looked = useRef(new Map<number, number | undefined>());

  async function ask(known: Hits, from: readonly Hit[], max: number): Promise<Hits> {
    const answers = await Promise.all(from.map(async ({ step, line }) => [await find(step, text.trim(), line, max), line] as const));
    return answers.reduce((all, [answer, line]) => all.with(answer, line), known);
  }
  async function move(by: 1 | -1): Promise<void> {
    const mine = ++asking.current;
    let found = hits ?? new Hits([]);
    const current = found.at(at);
    let unknown = [...found.gaps(at, by), ...found.unknown(steps)];
    while (unknown.length > 0) {
      found = await ask(found, unknown, hits ? MORE : FIRST);
      if (mine !== asking.current) return;
      const index = current ? found.indexOf(current) : -1;
      unknown = hits && found.count > 0 ? found.gaps(index, by, true) : [];
      // That takes its time: the count shows how far it is.
      if (unknown.length > 0) setHits(found), setAt(index);
    }
    const index = found.count === 0 ? -1 : hits ? found.next(current ? found.indexOf(current) : -1, by) : 0;
    setHits(found);
    setAt(index);
    setAsked(true);
    const hit = found.at(index);
    if (hit) show(hit);
  }

  const refreshing = useRef(false);
  const refresh = useRef<() => Promise<void>>(undefined);
  refresh.current = async () => {
    if (!hits || busy || refreshing.current || document.hidden) return;
    const grown = hits.growth.filter(({ step }) => printed(step) === undefined || printed(step) !== looked.current.get(step));
    const from = [...grown, ...hits.unknown(steps)];
    if (from.length === 0) return;
    const mine = asking.current;
    const current = hits.at(at);
    const before = from.map(({ step }) => [step, printed(step)] as const);
    refreshing.current = true;
    try {
      const found = await ask(hits, from, MORE);
      if (mine !== asking.current) return;
      for (const [step, was] of before) looked.current.set(step, was);
      setHits(found);
      setAt(current ? found.indexOf(current) : -1);
      setAsked(false);
    } catch {
      // The next time may go well. Who wants to go on asks, and is told.
    } finally {
      refreshing.current = false;
    }
  };
  const open = hits !== undefined;
  useEffect(() => {
    if (!open) return;
    const timer = setInterval(() => void refresh.current?.(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [open]);
  return {
    text,
    write(next) {
      asking.current++;
      setText(next);
      setHits(undefined);
      setAt(-1);
      setBusy(false);
    },
    hits,
    at,
    busy,
    asked,
    go(by) {
      if (!text.trim() || busy) return;
      setBusy(true);
      void move(by).catch(report).finally(() => setBusy(false));
    },
  };
}

/** `Ctrl+F` leads here from all of the page, as the browser's own search knows only the lines that are drawn; once more leads to that. */
export function LogSearchForm({ search, onLeave }: { search: LogSearch; onLeave: () => void }) {
  const { text, write, hits, at, busy, asked, go } = search;
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      const find = e.key.toLowerCase() === "f" && (MAC ? e.metaKey : e.ctrlKey) && !e.shiftKey && !e.altKey;
      if (!find || document.activeElement === field.current || document.querySelector("[role=dialog]")) return;
      e.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);
  return (
    <form role="search" onSubmit={(e) => { e.preventDefault(); go(1); }}>
      <input
        ref={field}
        type="search"
        aria-label="Search the whole log"
        aria-keyshortcuts={MAC ? "Meta+F" : "Control+F"}
        title={`${KEYS}; once more for the browser's own search, which finds only what is in view`}
        placeholder={TOUCH ? "Search the whole log" : `Search the whole log (${KEYS})`}
        value={text}
        onChange={(e) => write(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Enter" && e.shiftKey) {
            e.preventDefault();
            go(-1);
          } else if (e.key === "Escape") {
            e.preventDefault();
            write("");
            onLeave();
          }
        }}
      />
      {/* A count that grows by itself is not read aloud each time. */}
      <span className="small log-found" role="status" aria-live={asked ? "polite" : "off"}>{hits ? hits.text(at) : busy && "Searching…"}</span>
      {hits && hits.count > 1 && (
        <>
          <Button kind="quiet" className="icon" aria-label="Previous match" onClick={() => go(-1)}>↑</Button>
          <Button kind="quiet" className="icon" aria-label="Next match" onClick={() => go(1)}>↓</Button>
        </>
      )}
    </form>
  );
}
