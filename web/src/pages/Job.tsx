import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useLocation } from "@tanstack/react-router";
import { useMemo } from "react";
import { queries } from "../api/queries";
import { Announce } from "../components/Announce";
import { LogViewer } from "../components/LogViewer";
import { NodeActions } from "../components/NodeActions";
import { PageHead } from "../components/PageHead";
import { RunAnswer } from "../components/RunAnswer";
import { useReasons } from "../components/RunNews";
import { StatusBadge, StatusIcon } from "../components/Status";
import { missingOfJob } from "../model/addressed";
import { parseHash } from "../model/log";
import { findJob, jobFacts, ordinal, rerun, rerunText, runView } from "../model/runView";
import type { JobSearch } from "../model/search";
import { GATE, isFinal, label } from "../model/status";
import { between, duration } from "../model/time";
import type { AttemptRun, JobRun, NodeRun, Run } from "../model/types";
import { Link } from "../ui/Link";
import { Select } from "../ui/Select";
import { Empty } from "../ui/States";
import { useFault, useFavicon, useFocusKept, useNow, useTitle } from "../util/hooks";
import { useNodeActs } from "../util/nodeActs";
import { paths } from "../util/paths";
import { useSetSearch } from "../util/search";

const route = getRouteApi("/project/$key/workflow/$workflow/run/$number/job/$job");

/** A job's log beside the other jobs of its node. */
export default function JobPage() {
  const { key, workflow, number, job } = route.useParams();
  const run = useQuery(queries.run(key, workflow, number));
  return <RunAnswer query={run} projectKey={key} workflow={workflow} number={number} rows={10}>{(data) => <JobView run={data} n={job} />}</RunAnswer>;
}

const execution = (run: Run, of: NodeRun) => `${run.number}.${of.sub_number}`;
const pathOf = (run: Run, job: { id: string }) => paths.job(run.project_key, run.workflow_name, run.number, ordinal(job));

function JobView({ run, n }: { run: Run; n: string }) {
  const found = findJob(run, n);
  const search = route.useSearch();
  const set = useSetSearch<JobSearch>();
  const hash = useLocation({ select: (at) => at.hash });
  const attempt = found && (found.job.attempts.find((a) => a.attempt === search.attempt) ?? found.job.attempts.at(-1));
  const facts = found && jobFacts(found.job, attempt);
  const again = found && rerun(run, found);
  const fresh = useReasons();
  const definition = useQuery(queries.workflow(run.project_key, run.workflow_name));
  const unread = useFault(definition);
  const level = definition.data?.permission ?? (unread ? null : undefined);
  const view = useMemo(() => runView(run), [run]);
  const { busy, restart, stop } = useNodeActs(run, view);
  useFocusKept();
  const now = useNow(found !== undefined && !isFinal(found.job.status));
  useTitle(found && facts ? `${label(facts.status)}: ${found.job.name} · ${run.workflow_name} #${again ? execution(run, found.node) : run.number}` : `No such job · ${run.workflow_name} #${run.number}`);
  useFavicon(facts?.status);
  if (!found || !facts) return <Empty page title="This run has no such job"><p><Link {...paths.run(run.project_key, run.workflow_name, run.number)}>Back to the run</Link></p></Empty>;
  const { node, job } = found;
  const nodeView = view.nodes.get(node.node);
  const gate = nodeView?.status === GATE;
  // The queue knows it better than the run, which does not change while a job moves up.
  const waits = isFinal(job.status) ? undefined : (fresh.get(job.id) ?? job.waits);
  const missing = missingOfJob(job, attempt, search);
  const range = parseHash(`#${hash}`);
  const ms = between(facts.start, facts.done, now);
  const here = (other: { id: string }) => pathOf(run, other);
  return (
    <div className="job-page">
      <PageHead
        crumbs={[
          { to: paths.project(run.project_key), text: run.project_key },
          { to: paths.workflow(run.project_key, run.workflow_name), text: run.workflow_name },
          { to: paths.run(run.project_key, run.workflow_name, run.number, node.node), text: `#${run.number}` },
        ]}
        before={<StatusIcon status={facts.status} size={28} />}
        title={job.name}
        note={
          <span className="facts">
            <span data-home tabIndex={-1}><StatusBadge status={facts.status} /></span>
            {ms !== undefined && <span>{duration(ms)}</span>}
            <span>node {node.node}</span>
            {(again || node.sub_number > 0) && <span>execution {execution(run, node)}</span>}
            {facts.worker && <span>on {facts.worker}</span>}
          </span>
        }
        actions={
          <>
            {job.attempts.length > 1 && (
              <Select
                label="Attempt"
                className="inline"
                value={String(attempt?.attempt)}
                onChange={(n) => set({ attempt: Number(n), step: undefined })}
                choices={job.attempts.map((a) => ({ value: String(a.attempt), label: `${a.attempt} ${label(a.status)}` }))}
              />
            )}
            {/* To an execution that is past nothing can be done, and a gate is opened where it is told what of. */}
            {nodeView && (!again || !isFinal(node.status)) && !gate && <NodeActions run={run} view={nodeView} level={level} busy={busy.has(node.node)} onRestart={restart} onStop={stop} />}
          </>
        }
      />
      {missing && <p className="why wait off-address" role="status">{missing}</p>}
      {/* There from the beginning, so that it is read aloud when it comes. */}
      <Announce name={job.name} status={job.status} />
      <Notices run={run} node={node} job={job} attempt={attempt} earlier={facts.earlier} again={again} gate={gate} onAttempt={(n) => set({ attempt: n, step: undefined })} />
      {attempt?.reason && <p className="why bad">{attempt.reason}</p>}
      {waits && attempt && !facts.earlier && job.status === "Waiting" && <p className="why wait"><strong>Waits:</strong> {waits.text}</p>}
      <div className="job-columns">
        <nav className="job-list" aria-label={`Jobs of ${node.node}`}>
          {node.stages.map((stage, i) => (
            <div key={i}>
              {(stage.name || node.stages.length > 1) && <p className="muted small">{stage.name || `Stage ${i + 1}`}</p>}
              {stage.jobs.map((other) => (
                <Link key={other.id} {...here(other)} aria-current={other.id === job.id ? "page" : undefined}>
                  <StatusIcon status={other.status} size={15} />
                  <span>{other.name}</span>
                  <span className="sr">{label(other.status)}</span>
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
            // The link leads to these lines also once there is another attempt.
            onSelect={(at, marked) => set({ step: at, attempt: attempt.attempt }, marked.slice(1))}
          />
        ) : (
          <Empty title={isFinal(job.status) ? "This job has no log" : "No worker has taken this job yet"}>
            {waits && <p>{waits.text}</p>}
            {job.infos.map((i) => <p key={i.at + i.text} className="muted">{i.text}</p>)}
          </Empty>
        )}
      </div>
    </div>
  );
}

interface NoticesProps {
  run: Run;
  node: NodeRun;
  job: JobRun;
  attempt: AttemptRun | undefined;
  /** It is not the last one. */
  earlier: boolean;
  again: ReturnType<typeof rerun>;
  /** Its node waits for a person, once more. */
  gate: boolean;
  onAttempt: (n: number) => void;
}

/** What there is beside the log that is shown: a newer execution, another attempt, a gate. */
function Notices({ run, node, job, attempt, earlier, again, gate, onAttempt }: NoticesProps) {
  const toNode = paths.run(run.project_key, run.workflow_name, run.number, node.node);
  // A job that begins anew says why.
  const before = earlier || !attempt ? undefined : job.attempts[job.attempts.indexOf(attempt) - 1];
  return (
    <div role="status">
      {again && (
        <p className="why wait job-again">
          This is execution {execution(run, node)}; {rerunText(again)} <Link {...(again.job ? pathOf(run, again.job) : toNode)}>{execution(run, again.node)}</Link>.
        </p>
      )}
      {gate && !again && <p className="why wait job-again">This is execution {execution(run, node)}; now the node waits for a person again: <Link {...toNode}>see what it waits for</Link>.</p>}
      {before && <p className="why wait job-again">This is attempt {attempt?.attempt}: {before.reason || "the one before was lost"} <button type="button" className="link" onClick={() => onAttempt(before.attempt)}>Show attempt {before.attempt}</button></p>}
      {earlier && attempt && <p className="why wait job-again">This is attempt {attempt.attempt} of {job.attempts.length}; what counts is <Link {...pathOf(run, job)}>the last one: {label(job.status)}</Link>.</p>}
    </div>
  );
}
