import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { queries } from "../api/queries";
import { PageHead } from "../components/PageHead";
import { ago } from "../model/time";
import type { Hatchery, QueueJob, Worker } from "../model/types";
import { Link } from "../ui/Link";
import { Answered, Empty } from "../ui/States";
import { type Column, DataTable } from "../ui/table";
import { useNow, useTitle } from "../util/hooks";
import { paths } from "../util/paths";

const TONE: Record<string, string> = { Building: "busy", Waiting: "good", Pending: "wait", Disabled: "idle", up: "good", down: "bad" };
const WORDS: Record<string, string> = { Building: "Working", Waiting: "Idle", Pending: "Starting", Disabled: "Gone" };

export function Fleet() {
  const hatcheries = useQuery(queries.hatcheries());
  const workers = useQuery(queries.workers());
  const queue = useQuery(queries.queue());
  const now = useNow(true, 2000);
  useTitle("Workers");
  return (
    <>
      <PageHead title="Workers" note="What each hatchery wants, has and last refused" />
      <Answered query={hatcheries} rows={2}>
        {(all) => all.length === 0
          ? <Empty title="No hatchery is connected"><p>Jobs wait until one is. Start one: <code>cds hatchery --help</code></p></Empty>
          : <ul className="tiles wide">{all.map((h) => <HatcheryCard key={h.id} hatchery={h} now={now} />)}</ul>}
      </Answered>
      <h2>Workers {workers.data && <span className="count">{workers.data.length}</span>}</h2>
      <Answered query={workers}>
        {(all) => all.length === 0
          ? <Empty title="No worker exists now"><p>Hatcheries start them when jobs wait.</p></Empty>
          : <DataTable label="Workers" rows={all} rowKey={(w) => w.id} columns={COLUMNS} context={{ queue: queue.data ?? [], now }} />}
      </Answered>
    </>
  );
}

function HatcheryCard({ hatchery: h, now }: { hatchery: Hatchery; now: number }) {
  const [word, setWord] = useState("");
  const count = (status: string) => h.workers.filter((w) => w.status === status).length;
  const binaries = h.offer.binaries ?? [];
  const shown = binaries.filter((b) => b.toLowerCase().includes(word.toLowerCase()));
  return (
    <li className="card hatchery">
      <div className="queue-head">
        <span className={`dot ${TONE[h.status] ?? "idle"}`} aria-hidden="true" />
        <strong>{h.name}</strong>
        <span className="muted small">{h.model_type} · {h.status} · version {h.version} · heard of {ago(h.lastbeat, now)}</span>
      </div>
      <dl className="figures">
        <div><dt>Working</dt><dd>{count("Building")}</dd></div>
        <div><dt>Idle</dt><dd>{count("Waiting")}</dd></div>
        <div><dt>Starting</dt><dd>{count("Pending")}</dd></div>
        <div><dt>Wanted</dt><dd>{h.wanted}</dd></div>
        <div><dt>At most</dt><dd>{h.offer.max_workers}</dd></div>
      </dl>
      {h.last_error && <p className="why bad"><strong>Last refusal:</strong> {h.last_error}</p>}
      <p className="needs">
        <span className="chip">{h.offer.os_arch}</span>
        {h.offer.hostname && <span className="chip">host {h.offer.hostname}</span>}
        <span className="chip">{h.offer.region ? `region ${h.offer.region}` : "no region"}</span>
        {(h.offer.memory_mb ?? 0) > 0 && <span className="chip">memory {h.offer.memory_mb} MiB</span>}
      </p>
      <details>
        <summary>{binaries.length} programs</summary>
        <input className="filter" type="search" aria-label={`Filter programs of ${h.name}`} placeholder="Filter programs" value={word} onChange={(e) => setWord(e.target.value)} />
        <p className="binaries">{shown.slice(0, 300).map((b) => <code key={b}>{b}</code>)}{shown.length > 300 && <span className="muted">and {shown.length - 300} more</span>}{shown.length === 0 && <span className="muted">None is called “{word}”: jobs that require it wait.</span>}</p>
      </details>
    </li>
  );
}

function Working({ worker: w, queue }: { worker: Worker; queue: QueueJob[] }) {
  const job = w.job ? queue.find((j) => j.job === w.job) : undefined;
  if (!job) return <span className="muted">{w.status !== "Building" ? "–" : w.job ? "…" : "a job of another project"}</span>;
  return <Link {...paths.job(job.project_key, job.workflow_name, job.number, job.job.slice(job.job.lastIndexOf(".") + 1))}>{job.workflow_name} #{job.number} › {job.name}</Link>;
}

/** A worker that was at work when the server started again is known by its id alone until it registers anew. */
function Named({ worker: w }: { worker: Worker }) {
  if (w.name !== w.id) return <strong>{w.name}</strong>;
  return <span title={`${w.id}: it was at work when the server started again, which does not know its name and platform`}><strong>{w.id.slice(-8)}</strong> <span className="muted">known since the server’s restart</span></span>;
}

const COLUMNS: Column<Worker, { queue: QueueJob[]; now: number }>[] = [
  { id: "name", head: "Name", value: (w) => w.name, cell: (w) => <Named worker={w} /> },
  { id: "state", head: "State", value: (w) => WORDS[w.status] ?? w.status, cell: (w) => <><span className={`dot ${TONE[w.status] ?? "idle"}`} aria-hidden="true" /> {WORDS[w.status] ?? w.status}</>, className: "nowrap" },
  { id: "job", head: "Job", cell: (worker, { queue }) => <Working worker={worker} queue={queue} /> },
  { id: "hatchery", head: "Hatchery", value: (w) => w.hatchery },
  { id: "platform", head: "Platform", value: (w) => (w.os ? `${w.os}/${w.arch}` : undefined), cell: (w) => (w.os ? `${w.os}/${w.arch}` : "–"), className: "muted nowrap" },
  { id: "done", head: "Jobs done", value: (w) => w.jobs_done },
  { id: "heard", head: "Heard of", value: (w) => w.lastbeat ?? undefined, cell: (w, { now }) => (w.lastbeat ? ago(w.lastbeat, now) : "never"), className: "muted nowrap" },
];
