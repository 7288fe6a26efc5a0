import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useLayoutEffect, useRef } from "react";
import { about, otherTags } from "../model/about";
import { isFinal, rowLabel } from "../model/status";
import { timeOf } from "../model/runView";
import { ago } from "../model/time";
import type { RunBrief } from "../model/types";
import { briefStatus } from "../model/waits";
import { Link } from "../ui/Link";
import { NARROW, useAgo, useMedia, usePageTop } from "../util/hooks";
import { paths } from "../util/paths";
import { StatusIcon } from "./Status";

/** Heights of a row, wide and on a phone, as in pages.css. */
export const ROW = 64;
export const ROW_NARROW = 84;
/** Rows drawn beyond the window on either side. */
const BEYOND = 10;
const STEP = 5;

interface Props {
  /** How many there are; those that are not known yet keep their place. */
  count: number;
  run: (index: number) => RunBrief | undefined;
  withWorkflow?: boolean;
  /** Rows in view: `from` up to, not including, `to`. */
  onRange?: (from: number, to: number) => void;
}

/** Runs as rows of one height; only those in view exist in the page, so that a hundred thousand scroll like ten. */
export function RunTable({ count, run, withWorkflow, onRange }: Props) {
  const ref = useRef<HTMLUListElement>(null);
  const begin = usePageTop(ref);
  const row = useMedia(NARROW) ? ROW_NARROW : ROW;
  const list = useWindowVirtualizer({ count, estimateSize: () => row, overscan: BEYOND, scrollMargin: begin });
  useLayoutEffect(() => list.measure(), [list, row]);
  const items = list.getVirtualItems();
  // New runs push the others down; who has scrolled keeps what is before the eyes.
  const before = useRef(count);
  useLayoutEffect(() => {
    const more = count - before.current;
    before.current = count;
    if (more > 0 && more < 100 && (ref.current?.getBoundingClientRect().top ?? 0) < -row) scrollBy(0, more * row);
  }, [count, row]);
  // In steps, so that not every row that is scrolled by asks for something.
  const [from, to] = [Math.floor((items[0]?.index ?? 0) / STEP) * STEP, Math.min(count, Math.ceil(((items.at(-1)?.index ?? 0) + 1) / STEP) * STEP)];
  useEffect(() => onRange?.(from, to), [from, to, onRange]);

  const rows = items.map((item) => [item, run(item.index)] as const);
  const newest = rows.map(([, r]) => r?.start ?? "").sort().at(-1);
  const now = useAgo(newest || undefined, rows.some(([, r]) => r && !isFinal(r.status)));
  return (
    <ul ref={ref} className="runs card" style={{ height: list.getTotalSize() + 1 }}>
      {rows.map(([item, r]) => (
        <li key={r?.id ?? item.index} style={{ transform: `translateY(${item.start - begin}px)` }}>
          {r ? <Row run={r} withWorkflow={withWorkflow === true} now={now} /> : <div className="run-row" aria-busy="true"><span className="skeleton" /></div>}
        </li>
      ))}
    </ul>
  );
}

const Row = memo(function Row({ run, withWorkflow, now }: { run: RunBrief; withWorkflow: boolean; now: number }) {
  const { text, more } = timeOf(run, now);
  const status = briefStatus(run);
  const { branch, hash, wholeHash, message, author } = about(run);
  return (
    <Link {...paths.run(run.project_key, run.workflow_name, run.number)} className="run-row">
      <StatusIcon status={status} size={20} />
      <span className="run-name">
        <span className="run-what">
          <strong>
            {withWorkflow && <><span className="run-of" title={run.workflow_name}>{run.workflow_name}</span> </>}
            <span className="number">#{run.number}{run.sub_number > 0 && `.${run.sub_number}`}</span>
          </strong>
          {message && <> <span className="run-message" title={message}>{message}</span></>}
        </span>
        <span className="muted small">
          {rowLabel(status)} · {withWorkflow ? run.project_key : `version ${run.version}`} · {author}
        </span>
      </span>
      <span className="run-tags">
        {run.parked && <span className="chip aside" title={`Its record can't be read: ${run.parked}`}>set aside</span>}
        {branch && <span className="chip branch" title={branch}>{branch}</span>}
        {hash && <code className="run-hash" title={wholeHash}>{hash}</code>}
        {otherTags(run).slice(0, 3).map((t) => <span key={t.tag} className="chip" title={`${t.tag}: ${t.value}`}><span className="muted">{t.tag}</span> {t.value}</span>)}
      </span>
      <span className="run-times">
        <span title={more}>{text}</span>
        <time className="muted small" dateTime={run.start} title={run.start}>{ago(run.start, now)}</time>
      </span>
    </Link>
  );
});
