import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { queries } from "../api/queries";
import { canRestart, type Level } from "../model/can";
import type { NodeView, RunView } from "../model/runView";
import { between, duration } from "../model/time";
import type { Run } from "../model/types";
import { gateSince, holder, type Wait, waitsOf } from "../model/waits";
import { Button } from "../ui/Button";
import { Link } from "../ui/Link";
import { More } from "../ui/More";
import { DOUBLE_CLICK_MS } from "../util/acts";
import { useNow, useSettled } from "../util/hooks";
import { paths } from "../util/paths";
import { StatusIcon } from "./Status";

/** Why a job or a node waits, in the server's words; the run that holds a mutex is a link. */
export function WaitText({ run, text }: { run: Run; text: string }) {
  const held = holder(text);
  if (!held) return text;
  return <>{held.before}<Link {...paths.run(run.project_key, run.workflow_name, held.number)}>run #{held.number}</Link>{held.after}</>;
}

export type Reasons = ReturnType<typeof useReasons>;

/** Why jobs wait, by their ids. It changes while their runs do not: the queue knows it. */
export function useReasons() {
  const queue = useQuery(queries.queue()).data;
  return useMemo(() => new Map((queue ?? []).flatMap((job) => (job.reason ? [[job.job, job.reason] as const] : []))), [queue]);
}

interface GatesProps {
  run: Run;
  view: RunView;
  level: Level;
  /** Nodes of which something is being done. */
  busy: ReadonlySet<string>;
  onApprove: (node: string) => void;
  onApproveWith: (node: string) => void;
  onSelect: (node: string) => void;
}

/** More gates or reasons than this are shown when somebody asks for them. */
const MOST = 5;

/** What waits for a person, with the button that opens it. Of a run that was stopped nobody expects anything. */
export function Gates({ run, view, ...rest }: GatesProps) {
  const now = useNow(view.gates.length > 0, 10_000);
  // One that opens or goes moves the others: what a hand was about to press then may have become another's button.
  const order = view.gates.map((g) => g.node.name).join("\n");
  const moved = useSettled(order, DOUBLE_CLICK_MS) !== order;
  if (view.gates.length === 0 || run.status === "Stopped") return null;
  const line = (gate: NodeView) => <Gate key={gate.node.name} gate={gate} run={run} since={gateSince(run, view, gate.node.name)} now={now} moved={moved} {...rest} />;
  return (
    <section className="card news" aria-label="Waits for a person">
      {view.gates.slice(0, MOST).map(line)}
      {view.gates.length > MOST && <More of="gates" what={`${view.gates.length - MOST} more that ${view.gates.length - MOST === 1 ? "waits" : "wait"} for a person`}>{() => view.gates.slice(MOST).map(line)}</More>}
    </section>
  );
}

function Gate({ run, gate, since, now, moved, level, busy, onApprove, onApproveWith, onSelect }: Omit<GatesProps, "view"> & { gate: NodeView; since: string | undefined; now: number; moved: boolean }) {
  const { node } = gate;
  const can = canRestart(run, node.name, level);
  return (
    <div className="news-line">
      <StatusIcon status={gate.status} size={22} />
      <div className="news-text">
        <p><button type="button" className="link strong" onClick={() => onSelect(node.name)}>{node.name}</button> waits for somebody to start it</p>
        <p className="muted small">{[node.environment && `environment ${node.environment}`, node.application && `application ${node.application}`, since && `for ${duration(between(since, undefined, now) ?? 0)}`].filter(Boolean).join(" · ")}</p>
        {!can.ok && level !== undefined && <p className="small">{can.why}</p>}
      </div>
      <span className="actions">
        <Button kind="primary" can={can} busy={moved || busy.has(node.name)} aria-label={`Approve and start ${node.name}`} onClick={() => onApprove(node.name)}>Approve and start</Button>
        <Button can={can} aria-label={`Start ${node.name} with another payload or parameters`} onClick={() => onApproveWith(node.name)}>With…</Button>
      </span>
    </div>
  );
}

/** Why nothing of a run runs. */
export function Waits({ run, view, onSelect }: { run: Run; view: RunView; onSelect: (node: string) => void }) {
  const fresh = useReasons();
  const waits = useMemo(() => waitsOf(view, fresh), [view, fresh]);
  const now = useNow(true);
  const line = (wait: Wait) => <WaitLine key={`${wait.node} ${wait.text}`} run={run} wait={wait} now={now} onSelect={onSelect} />;
  return (
    <section className="card news" aria-label="Why nothing runs">
      {waits.slice(0, MOST).map(line)}
      {waits.length > MOST && <More of="waits" what={`${waits.length - MOST} more reason${waits.length - MOST === 1 ? "" : "s"}`}>{() => waits.slice(MOST).map(line)}</More>}
    </section>
  );
}

function WaitLine({ run, wait, now, onSelect }: { run: Run; wait: Wait; now: number; onSelect: (node: string) => void }) {
  const ms = between(wait.since, undefined, now) ?? 0;
  const jobs = wait.jobs.length === 0 ? "" : wait.jobs.length === 1 ? `job ${wait.jobs[0]?.name}` : `${wait.jobs.length} jobs`;
  return (
    <div className="news-line">
      <StatusIcon status="Waiting" size={22} />
      <div className="news-text">
        <p><button type="button" className="link strong" onClick={() => onSelect(wait.node)}>{wait.node}</button>{jobs && ` · ${jobs}`} {wait.jobs.length > 1 ? "wait" : "waits"} <time dateTime={wait.since} title={wait.since}>for {duration(ms)}</time></p>
        <p className="why-text"><WaitText run={run} text={wait.text} /></p>
      </div>
    </div>
  );
}
