import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useLocation } from "@tanstack/react-router";
import { queries } from "../api/queries";
import { LogViewer } from "../components/LogViewer";
import { PageHead } from "../components/PageHead";
import { RunAnswer } from "../components/RunAnswer";
import { StatusBadge, StatusIcon } from "../components/Status";
import { missingOfJob } from "../model/addressed";
import { parseHash } from "../model/log";
import { findJob, ordinal } from "../model/runView";
import type { JobSearch } from "../model/search";
import { isFinal, label } from "../model/status";
import { between, duration } from "../model/time";
import type { Run } from "../model/types";
import { Link } from "../ui/Link";
import { Select } from "../ui/Select";
import { Empty } from "../ui/States";
import { useFavicon, useNow, useTitle } from "../util/hooks";
import { paths } from "../util/paths";
import { useSetSearch } from "../util/search";

const route = getRouteApi("/project/$key/workflow/$workflow/run/$number/job/$job");

/** A job's log beside the other jobs of its node. */
export default function JobPage() {
  const { key, workflow, number, job } = route.useParams();
  const run = useQuery(queries.run(key, workflow, number));
  return <RunAnswer query={run} projectKey={key} workflow={workflow} number={number} rows={10}>{(data) => <JobView run={data} n={job} />}</RunAnswer>;
}

function JobView({ run, n }: { run: Run; n: string }) {
  const found = findJob(run, n);
  const search = route.useSearch();
  const set = useSetSearch<JobSearch>();
  const hash = useLocation({ select: (at) => at.hash });
  const now = useNow(found !== undefined && !isFinal(found.job.status));
  useTitle(found ? `${label(found.job.status)}: ${found.job.name} · ${run.workflow_name} #${run.number}` : `No such job · ${run.workflow_name} #${run.number}`);
  useFavicon(found?.job.status);
  if (!found) return <Empty page title="This run has no such job"><p><Link {...paths.run(run.project_key, run.workflow_name, run.number)}>Back to the run</Link></p></Empty>;
  const { node, job } = found;
  const attempt = job.attempts.find((a) => a.attempt === search.attempt) ?? job.attempts.at(-1);
  const missing = missingOfJob(job, attempt, search);
  const range = parseHash(`#${hash}`);
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
            <Select
              label="Attempt"
              className="inline"
              value={String(attempt?.attempt)}
              onChange={(n) => set({ attempt: Number(n), step: undefined })}
              choices={job.attempts.map((a) => ({ value: String(a.attempt), label: `${a.attempt} ${label(a.status)}` }))}
            />
          )
        }
      />
      {missing && <p className="why wait off-address" role="status">{missing}</p>}
      {attempt?.reason && <p className="why bad">{attempt.reason}</p>}
      {job.waits && !isFinal(job.status) && attempt && <p className="why wait"><strong>Waits:</strong> {job.waits.text}</p>}
      <div className="job-columns">
        <nav className="job-list" aria-label={`Jobs of ${node.node}`}>
          {node.stages.map((stage, i) => (
            <div key={i}>
              {(stage.name || node.stages.length > 1) && <p className="muted small">{stage.name || `Stage ${i + 1}`}</p>}
              {stage.jobs.map((other) => (
                <Link key={other.id} {...here(other)} aria-current={other.id === job.id ? "page" : undefined}>
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
            step={search.step}
            range={range}
            onSelect={(at, marked) => set({ step: at }, marked.slice(1))}
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
