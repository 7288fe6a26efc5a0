import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { queries } from "../api/queries";
import { WhoCould } from "../components/WhoCould";
import { PageHead } from "../components/PageHead";
import { StatusIcon } from "../components/Status";
import { label } from "../model/status";
import { between, duration } from "../model/time";
import type { QueueJob, QueueNode } from "../model/types";
import { holder } from "../model/waits";
import { Link } from "../ui/Link";
import { Button } from "../ui/Button";
import { Select } from "../ui/Select";
import { Answered, Empty } from "../ui/States";
import { type Column, useRows } from "../ui/table";
import { useNow, useTitle } from "../util/hooks";
import { paths } from "../util/paths";

export function Queue() {
  const queue = useQuery(queries.queue());
  const nodes = useQuery(queries.queueNodes()).data ?? [];
  const now = useNow(true);
  const me = useQuery(queries.me()).data;
  // Of projects that one may not read nothing is told, also not that it is there.
  const may = me === undefined || me.ring === "ADMIN" || me.ring === "MAINTAINER" ? "" : " that you may see";
  const [waiting, running] = useMemo(() => [queue.data?.filter((j) => j.status === "Waiting") ?? [], queue.data?.filter((j) => j.status !== "Waiting") ?? []], [queue.data]);
  const count = waiting.length + nodes.length;
  useTitle(count ? `${count} waiting` : "Queue");
  return (
    <>
      <PageHead title="Queue" note="What waits, why, and what runs now" />
      <Answered query={queue}>
        {(jobs) =>
          jobs.length + nodes.length === 0 ? (
            <Empty title={may ? `Nothing${may} waits or runs` : "The queue is empty"}><p>{may ? "Jobs of projects that you may not read are not shown here." : "Nothing waits and nothing runs."} <Link {...paths.home()}>See the last runs</Link>.</p></Empty>
          ) : (
            <>
              <h2>Waiting for a worker <span className="count">{waiting.length}</span></h2>
              {waiting.length === 0 ? <p className="muted">No job{may} waits for a worker.</p> : <Jobs jobs={waiting} now={now} />}
              {nodes.length > 0 && (
                <>
                  <h2>Waiting for a mutex <span className="count">{nodes.length}</span></h2>
                  <ul className="queue">{nodes.slice(0, PAGE).map((n) => <Node key={`${n.project_key} ${n.workflow_name} ${n.number} ${n.node}`} node={n} now={now} />)}</ul>
                  {nodes.length > PAGE && <p className="muted">And {nodes.length - PAGE} more, later in the order.</p>}
                </>
              )}
              <h2>Running <span className="count">{running.length}</span></h2>
              {running.length === 0 ? <p className="muted">No job{may} runs.</p> : <Jobs jobs={running} now={now} />}
            </>
          )
        }
      </Answered>
    </>
  );
}

const PAGE = 100;

const ORDERS = [{ value: "", label: "Oldest first" }, { value: "since", label: "Newest first" }, { value: "name", label: "Name" }, { value: "workflow", label: "Workflow" }, { value: "reason", label: "Reason" }];
const COLUMNS: Column<QueueJob>[] = [
  { id: "since", head: "Since", value: (j) => j.since },
  { id: "name", head: "Name", value: (j) => j.name },
  { id: "workflow", head: "Workflow", value: (j) => `${j.project_key} ${j.workflow_name} ${j.number}` },
  { id: "reason", head: "Reason", value: (j) => j.reason?.code },
];
const textOf = (j: QueueJob) => `${j.project_key} ${j.workflow_name} #${j.number} ${j.node} ${j.name} ${j.triggered_by} ${j.requirements.join(" ")} ${j.reason?.code ?? ""}`;

/** The oldest first, a hundred at a time: nobody reads thousands, and the summary above counts them. */
function Jobs({ jobs, now }: { jobs: QueueJob[]; now: number }) {
  const [most, setMost] = useState(PAGE);
  const [word, setWord] = useState("");
  const [order, setOrder] = useState("");
  const { shown } = useRows({ rows: jobs, columns: COLUMNS, text: textOf, word, sort: useMemo(() => (order ? [{ id: order, desc: order === "since" }] : []), [order]) });
  return (
    <>
      {jobs.length > 10 && (
        <div className="filters">
          <input className="filter" type="search" aria-label="Filter jobs" placeholder={`Filter ${jobs.length} jobs by name, requirement or reason`} value={word} onChange={(e) => setWord(e.target.value)} />
          <Select label="Order" className="inline" value={order} choices={ORDERS} onChange={setOrder} />
        </div>
      )}
      {shown.length === 0 && <p className="muted">No job fits “{word}”.</p>}
      <ul className="queue">{shown.slice(0, most).map(({ original: j }) => <Row key={`${j.job}.${j.attempt}`} job={j} now={now} />)}</ul>
      {shown.length > most && <p className="more"><Button onClick={() => setMost(most + PAGE)}>Show more of {shown.length}</Button></p>}
    </>
  );
}

/** A node that has no jobs yet: another run has its mutex. */
function Node({ node, now }: { node: QueueNode; now: number }) {
  const since = node.since ? between(node.since, undefined, now) : undefined;
  const found = holder(node.reason.text);
  return (
    <li className="card queue-job">
      <div className="queue-head">
        <StatusIcon status="Waiting" size={18} />
        <Link {...paths.run(node.project_key, node.workflow_name, node.number, node.node)}><strong>{node.node}</strong></Link>
        <span className="muted small">
          <span className="sr">{label("Waiting")} in </span>
          {node.project_key} / <Link {...paths.run(node.project_key, node.workflow_name, node.number)}>{node.workflow_name} #{node.number}</Link> · by {node.triggered_by}
        </span>
        <span className="job-time">{since === undefined ? "" : duration(since)}</span>
      </div>
      <p className="why wait">
        <code className="chip">{node.reason.code}</code>{" "}
        {found ? <>{found.before}<Link {...paths.run(node.project_key, node.workflow_name, found.number)}>run #{found.number}</Link>{found.after}</> : node.reason.text}
      </p>
    </li>
  );
}

function Row({ job, now }: { job: QueueJob; now: number }) {
  const since = between(job.since, undefined, now);
  const n = job.job.slice(job.job.lastIndexOf(".") + 1);
  return (
    <li className="card queue-job">
      <div className="queue-head">
        <StatusIcon status={job.status} size={18} />
        <Link {...paths.job(job.project_key, job.workflow_name, job.number, n)}><strong>{job.name}</strong></Link>
        <span className="muted small">
          <span className="sr">{label(job.status)} in </span>
          {job.project_key} / <Link {...paths.run(job.project_key, job.workflow_name, job.number, job.node)}>{job.workflow_name} #{job.number}</Link> › {job.node} · by {job.triggered_by}{job.attempt > 1 && ` · attempt ${job.attempt}`}
        </span>
        <span className="job-time">{since === undefined ? "" : duration(since)}</span>
      </div>
      {job.reason && <p className="why wait"><code className="chip">{job.reason.code}</code> {job.reason.text}</p>}
      <p className="needs">
        {job.requirements.map((r) => <span key={r} className="chip">{r}</span>)}
        {job.worker && <span className="muted small">on {job.worker}</span>}
      </p>
      {job.status === "Waiting" && <WhoCould job={job.job} />}
    </li>
  );
}
