import { useQuery } from "@tanstack/react-query";
import { queries } from "../api/queries";
import { LogViewer } from "../components/LogViewer";
import { PageHead } from "../components/PageHead";
import { StatusBadge, StatusIcon } from "../components/Status";
import { parseHash } from "../model/log";
import { findJob, ordinal } from "../model/runView";
import { isFinal, label } from "../model/status";
import { between, duration } from "../model/time";
import type { Run } from "../model/types";
import { Link, useHash, useQueryState } from "../router";
import { Answered, Empty } from "../ui/States";
import { useFavicon, useNow, useTitle } from "../util/hooks";
import { paths } from "../util/paths";

interface Props {
  projectKey: string;
  workflow: string;
  number: string;
  job: string;
}

/** A job's log beside the other jobs of its node. */
export default function JobPage({ projectKey, workflow, number, job }: Props) {
  const run = useQuery(queries.run(projectKey, workflow, number));
  return <Answered query={run} rows={10}>{(data) => <JobView run={data} n={job} />}</Answered>;
}

function JobView({ run, n }: { run: Run; n: string }) {
  const found = findJob(run, n);
  const [query, set] = useQueryState();
  const hash = useHash();
  const now = useNow(found !== undefined && !isFinal(found.job.status));
  useTitle(found ? `${label(found.job.status)}: ${found.job.name} · ${run.workflow_name} #${run.number}` : "Job");
  useFavicon(found?.job.status);
  if (!found) return <Empty title="This run has no such job"><p><Link to={paths.run(run.project_key, run.workflow_name, run.number)}>Back to the run</Link></p></Empty>;
  const { node, job } = found;
  const wanted = Number(query.get("attempt"));
  const attempt = job.attempts.find((a) => a.attempt === wanted) ?? job.attempts.at(-1);
  const step = query.get("step");
  const range = parseHash(hash);
  const ms = between(job.start, job.done, now);
  const here = (other: { id: string }) => paths.job(run.project_key, run.workflow_name, run.number, ordinal(other as never));
  return (
    <div className="job-page">
      <PageHead
        crumbs={[
          { to: paths.project(run.project_key), text: run.project_key },
          { to: paths.workflow(run.project_key, run.workflow_name), text: run.workflow_name },
          { to: paths.run(run.project_key, run.workflow_name, run.number, node.node), text: `#${run.number}` },
        ]}
        before={<StatusIcon status={job.status} size={28} />}
        title={job.name}
        note={
          <span className="facts">
            <StatusBadge status={job.status} />
            {ms !== undefined && <span>{duration(ms)}</span>}
            <span>node {node.node}</span>
            {attempt?.worker && <span>on {attempt.worker}</span>}
          </span>
        }
        actions={
          job.attempts.length > 1 && (
            <label className="inline">Attempt
              <select value={attempt?.attempt} onChange={(e) => set({ attempt: e.target.value, step: undefined })}>
                {job.attempts.map((a) => <option key={a.attempt} value={a.attempt}>{`${a.attempt} ${label(a.status)}`}</option>)}
              </select>
            </label>
          )
        }
      />
      {attempt?.reason && <p className="why bad">{attempt.reason}</p>}
      {job.waits && !isFinal(job.status) && attempt && <p className="why wait"><strong>Waits:</strong> {job.waits.text}</p>}
      <div className="job-columns">
        <nav className="job-list" aria-label={`Jobs of ${node.node}`}>
          {node.stages.map((stage, i) => (
            <div key={i}>
              {(stage.name || node.stages.length > 1) && <p className="muted small">{stage.name || `Stage ${i + 1}`}</p>}
              {stage.jobs.map((other) => (
                <Link key={other.id} to={here(other)} aria-current={other.id === job.id ? "page" : undefined}>
                  <StatusIcon status={other.status} size={15} />
                  <span>{other.name}</span>
                  <span className="muted small">{duration(between(other.start, other.done, now) ?? NaN)}</span>
                </Link>
              ))}
            </div>
          ))}
        </nav>
        {attempt ? (
          <LogViewer
            key={`${job.id}.${attempt.attempt}`}
            job={job.id}
            name={`${run.workflow_name}-${run.number}-${job.name}`}
            attempt={attempt}
            step={step === null ? undefined : Number(step)}
            range={range}
            onSelect={(at, hashText) => set({ step: String(at), attempt: query.get("attempt") ?? undefined }, hashText)}
          />
        ) : (
          <Empty title={isFinal(job.status) ? "This job has no log" : "No worker has taken this job yet"}>
            {job.waits && <p>{job.waits.text}</p>}
            {job.infos.map((i) => <p key={i.at + i.text} className="muted">{i.text}</p>)}
          </Empty>
        )}
      </div>
    </div>
  );
}
