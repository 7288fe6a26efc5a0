import { useEffect, useRef, useState } from "react";
import { FIRST, type Hit, Hits, MORE, type StepHits } from "../model/hits";
import { Button } from "../ui/Button";
import { report } from "../ui/toast";

const MAC = /Mac|iP/.test(navigator.platform);
const KEYS = MAC ? "⌘F" : "Ctrl+F";
const TOUCH = matchMedia("(pointer: coarse)").matches;

export interface LogSearch {
  text: string;
  write: (text: string) => void;
  hits: Hits | undefined;
  /** Which of them is shown. */
  at: number;
  busy: boolean;
  /** Searches, and from then on goes from place to place. */
  go: (by: 1 | -1) => void;
}

/** The search over all steps of a log. `find` asks for the first places in one step from a line on, `show` brings one into view. */
export function useLogSearch(steps: readonly number[], find: (step: number, text: string, from: number, max: number) => Promise<StepHits>, show: (hit: Hit) => void): LogSearch {
  const [text, setText] = useState("");
  const [hits, setHits] = useState<Hits>();
  const [at, setAt] = useState(0);
  const [busy, setBusy] = useState(false);
  // Answers to what is not in the field any more are of no use.
  const asking = useRef(0);

  const enter = (found: Hits, index: number) => {
    setHits(found);
    setAt(index);
    const hit = found.at(index);
    if (hit) show(hit);
  };
  async function move(word: string, by: 1 | -1): Promise<void> {
    const mine = ++asking.current;
    const current = hits?.at(at);
    if (!hits || !current) {
      const found = new Hits(await Promise.all(steps.map((step) => find(step, word, 0, FIRST))));
      if (mine === asking.current) enter(found, 0);
      return;
    }
    const gap = hits.gap(at, by);
    const known = gap === undefined ? hits : hits.with(await find(gap.step, word, gap.line, MORE));
    if (mine === asking.current) enter(known, known.next(known.indexOf(current), by));
  }
  return {
    text,
    write(next) {
      asking.current++;
      setText(next);
      setHits(undefined);
      setBusy(false);
    },
    hits,
    at,
    busy,
    go(by) {
      const word = text.trim();
      if (!word || busy) return;
      setBusy(true);
      void move(word, by).catch(report).finally(() => setBusy(false));
    },
  };
}

/** `Ctrl+F` leads here from all of the page, as the browser's own search knows only the lines that are drawn; once more leads to that. */
export function LogSearchForm({ search, onLeave }: { search: LogSearch; onLeave: () => void }) {
  const { text, write, hits, at, busy, go } = search;
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
      <span className="small log-found" role="status">{hits ? hits.text(at) : busy && "Searching…"}</span>
      {hits && hits.count > 1 && (
        <>
          <Button kind="quiet" className="icon" aria-label="Previous match" onClick={() => go(-1)}>↑</Button>
          <Button kind="quiet" className="icon" aria-label="Next match" onClick={() => go(1)}>↓</Button>
        </>
      )}
    </form>
  );
}
