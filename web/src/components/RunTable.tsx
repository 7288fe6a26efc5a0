import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState } from "react";
import { isFinal } from "../model/status";
import { runDuration } from "../model/runView";
import { ago, duration } from "../model/time";
import type { RunBrief } from "../model/types";
import { Link } from "../router";
import { useNow } from "../util/hooks";
import { paths } from "../util/paths";
import { StatusIcon } from "./Status";
import { label } from "../model/status";

const tag = (run: RunBrief, name: string) => run.tags.find((t) => t.tag === name)?.value;
/** Shown elsewhere in the row. */
const HIDDEN = new Set(["git.branch", "git.author", "triggered_by"]);

/** Runs as rows; only those in view exist in the page. */
export function RunTable({ runs, withWorkflow }: { runs: RunBrief[]; withWorkflow?: boolean }) {
  const now = useNow(runs.some((r) => !isFinal(r.status)));
  const ref = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop(ref.current?.offsetTop ?? 0), []);
  const list = useWindowVirtualizer({ count: runs.length, estimateSize: () => 64, overscan: 8, scrollMargin: top, getItemKey: (i) => runs[i]?.id ?? i });
  return (
    <ul ref={ref} className="runs card" style={{ height: list.getTotalSize() + 1 }}>
      {list.getVirtualItems().map((item) => {
        const run = runs[item.index];
        if (!run) return null;
        const ms = runDuration(run, now);
        return (
          <li key={item.key} ref={list.measureElement} data-index={item.index} style={{ transform: `translateY(${item.start - top}px)` }}>
            <Link to={paths.run(run.project_key, run.workflow_name, run.number)} className="run-row">
              <StatusIcon status={run.status} size={20} />
              <span className="run-name">
                <strong>
                  {withWorkflow && `${run.workflow_name} `}
                  <span className="number">#{run.number}{run.sub_number > 0 && `.${run.sub_number}`}</span>
                </strong>
                <span className="muted small">
                  <span className="sr">{label(run.status)}. </span>
                  {withWorkflow ? run.project_key : `version ${run.version}`} · {tag(run, "git.author") ?? run.triggered_by}
                </span>
              </span>
              <span className="run-tags">
                {tag(run, "git.branch") && <span className="chip branch">{tag(run, "git.branch")}</span>}
                {run.tags.filter((t) => !HIDDEN.has(t.tag)).slice(0, 3).map((t) => <span key={t.tag} className="chip" title={`${t.tag}: ${t.value}`}><span className="muted">{t.tag}</span> {t.value}</span>)}
              </span>
              <span className="run-times">
                <span>{ms === undefined ? "" : duration(ms)}</span>
                <time className="muted small" dateTime={run.start} title={run.start}>{ago(run.start, now)}</time>
              </span>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
