import { useQuery } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { queries } from "../api/queries";
import { inProgress } from "../model/executions";
import { conditionFault, failedAlone, nodeErrors } from "../model/failures";
import { counts, groupJobs, isGroup, type JobGroup, worst } from "../model/jobGroups";
import { nodeStatus, type NodeView, ordinal, type RunView, stageStatus } from "../model/runView";
import { GATE, isFinal, kindName, label } from "../model/status";
import { whyStep } from "../model/steps";
import { between, duration } from "../model/time";
import type { JobRun, NodeRun, Parameter, Run, WorkflowNode } from "../model/types";
import { unreached } from "../model/waits";
import { Link } from "../ui/Link";
import { Select } from "../ui/Select";
import { Answered, Empty } from "../ui/States";
import { type Column, DataTable } from "../ui/table";
import { useNow } from "../util/hooks";
import { paths } from "../util/paths";
import { useSetSearch } from "../util/search";
import { NodeActions, type NodeActionsProps } from "./NodeActions";
import { type Reasons, useReasons, WaitText } from "./RunNews";
import { StatusBadge, StatusIcon } from "./Status";

interface Props extends NodeActionsProps {
  view: NodeView | undefined;
  /** Of the whole run. */
  whole: RunView;
}

/** What is known of one node: why it waits or did not run, its stages and jobs, its parameters. */
export function NodePanel({ view, whole, ...acts }: Props) {
  const { run } = acts;
  const { id } = useParams({ strict: false });
  const wanted = useSearch({ strict: false }).exec ?? id;
  const set = useSetSearch();
  if (!view) return <Empty title="This node is not part of the run" />;
  const { node, executions } = view;
  const shown = executions.find((n) => String(n.id) === wanted) ?? view.latest;
  const gate = view.status === GATE;
  const going = inProgress(executions);
  const fault = view.notRun && conditionFault(view.notRun.why, `node ${node.name}`);
  return (
    <div className="node-panel" data-part>
      <div className="node-head">
        <h2 className="node-name" data-home tabIndex={-1}>{node.name}</h2>
        <StatusBadge status={shown && !gate ? nodeStatus(shown) : view.status} />
        <span className="muted small">{[node.kind !== "pipeline" && kindName(node.kind), node.pipeline && `pipeline ${node.pipeline}`, node.application && `application ${node.application}`, node.environment && `environment ${node.environment}`, node.mutex && "one at a time"].filter(Boolean).join(" · ")}</span>
        {executions.length > 1 && (
          <Select
            label="Execution"
            className="inline"
            value={String(shown?.id)}
            onChange={(exec) => set({ exec })}
            choices={executions.map((n) => ({ value: String(n.id), label: `${run.number}.${n.sub_number} ${label(nodeStatus(n))}${n.manual ? ", by hand" : ""}` }))}
          />
        )}
        <span className="actions"><NodeActions view={view} {...acts} /></span>
      </div>
      {going.length > 1 && <Reason tone="wait" title={`${going.length} executions of this node are in progress: ${going.map((n) => `${run.number}.${n.sub_number}`).join(" and ")}`}>Stopping the node stops all of them.</Reason>}
      {gate && <Reason tone="wait" title="It waits for somebody to start it by hand">Its other conditions are met. Who may run this workflow approves it by starting it.</Reason>}
      {fault !== undefined && <Reason tone="bad" title="It did not run, because its condition could not be evaluated"><Conditions lines={[fault]} /></Reason>}
      {view.notRun && !gate && fault === undefined && <Reason tone="idle" title="It did not run, because its condition was false"><Conditions lines={view.notRun.why} /></Reason>}
      {shown?.waits && !isFinal(shown.status) && <Reason tone="wait" title="It waits"><WaitText run={run} text={shown.waits.text} /></Reason>}
      {shown && <Errors run={run} node={shown} kind={node.kind} />}
      {!shown && !view.notRun && <Unreached run={run} whole={whole} node={node} />}
      {shown && <Stages run={run} node={shown} />}
      {shown && <Parameters key={shown.id} run={run} execution={shown} />}
    </div>
  );
}

function Unreached({ run, whole, node }: { run: Run; whole: RunView; node: WorkflowNode }) {
  const { title, gates } = unreached(run, whole, node.name);
  return (
    <Empty title={title}>
      {node.parents.length > 0 && <p>It comes after {node.parents.join(", ")}.</p>}
      {gates.length > 0 && <p>{gates.join(", ")} {gates.length > 1 ? "wait" : "waits"} for a person.</p>}
    </Empty>
  );
}

/** What the run tells of a node itself; of one that failed without a failed job, it is the reason. */
function Errors({ run, node, kind }: { run: Run; node: NodeRun; kind: string }) {
  const alone = failedAlone(node, kind);
  const errors = nodeErrors(run, node);
  if (!alone && errors.length === 0) return null;
  return <Reason tone="bad" title={!alone ? "An error was noted" : errors.length > 0 ? "It failed" : "It failed, and the server tells no reason"}>{errors.length > 0 && <ul>{errors.map((text) => <li key={text}>{text}</li>)}</ul>}</Reason>;
}

function Reason({ tone, title, children }: { tone: string; title: string; children?: ReactNode }) {
  return (
    <div className={`reason ${tone}`}>
      <strong>{title}</strong>
      {children && <div>{children}</div>}
    </div>
  );
}

/** Conditions with the values that decided, as the server wrote them. */
function Conditions({ lines }: { lines: string[] }) {
  return <ul>{lines.map((line) => <li key={line}><code>{line}</code></li>)}</ul>;
}

function Stages({ run, node }: { run: Run; node: NodeRun }) {
  const now = useNow(!isFinal(node.status));
  const fresh = useReasons();
  return (
    <ol className="stages">
      {node.stages.map((stage, i) => (
        // Stages have no id and never change places.
        <li key={i} className="stage">
          <h3><StatusIcon status={stageStatus(stage)} /> {stage.name || (node.stages.length > 1 ? `Stage ${i + 1}` : "Jobs")}<span className="sr"> {label(stageStatus(stage))}</span></h3>
          <StageWhy why={stage.why ?? []} of={`stage ${stage.name} of node ${node.node}`} />
          {groupJobs(stage.jobs).map((it) => (isGroup(it) ? <Group key={`group ${it.name}`} run={run} group={it} now={now} fresh={fresh} /> : <JobCard key={it.id} run={run} job={it} now={now} fresh={fresh} />))}
          {stage.jobs.length === 0 && !stage.why?.length && <p className="muted small">No jobs yet</p>}
        </li>
      ))}
    </ol>
  );
}

/** Why a stage was skipped. */
function StageWhy({ why, of }: { why: string[]; of: string }) {
  const fault = conditionFault(why, of);
  if (fault !== undefined) return <Reason tone="bad" title="Skipped, because its condition could not be evaluated"><Conditions lines={[fault]} /></Reason>;
  return why.length > 0 && <Reason tone="idle" title="Skipped, because its condition was false"><Conditions lines={why} /></Reason>;
}

/** Like jobs, of which only the counts are drawn until somebody wants them. */
function Group({ run, group, now, fresh }: { run: Run; group: JobGroup; now: number; fresh: Reasons }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="job job-group" open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary><StatusIcon status={worst(group.jobs)} size={18} /> <strong>{group.name}</strong> <span className="chip">× {group.jobs.length}</span> <span className="muted small">{counts(group.jobs, label)}</span></summary>
      {open && group.jobs.map((job) => <JobCard key={job.id} run={run} job={job} now={now} fresh={fresh} />)}
    </details>
  );
}

function JobCard({ run, job, now, fresh }: { run: Run; job: JobRun; now: number; fresh: Reasons }) {
  const waits = fresh.get(job.id) ?? job.waits;
  const attempt = job.attempts.at(-1);
  // No worker ever had it: a link would lead to a log that isn't there.
  const logless = !attempt && isFinal(job.status);
  const ms = between(job.start, job.done, now);
  const queued = between(job.queued, job.start ?? job.done, now);
  const to = (step?: number) => paths.job(run.project_key, run.workflow_name, run.number, ordinal(job), step);
  return (
    <article className="job">
      <div className="job-head">
        {logless ? (
          <span className="job-name"><StatusIcon status={job.status} size={18} /> <strong>{job.name}</strong> <span className="muted small">{label(job.status)}</span></span>
        ) : (
          <Link {...to()} className="job-name"><StatusIcon status={job.status} size={18} /> <strong>{job.name}</strong><span className="sr"> {label(job.status)}, open log</span></Link>
        )}
        {job.attempts.length > 1 && <span className="chip" title="A lost worker makes a new attempt">attempt {job.attempts.length}</span>}
        <span className="job-time">{ms !== undefined ? duration(ms) : ""}</span>
      </div>
      {waits && job.status === "Waiting" && <p className="why wait"><strong>Waits{queued !== undefined && ` for ${duration(queued)}`}:</strong> <WaitText run={run} text={waits.text} /></p>}
      {logless && job.infos.map((i) => <p key={i.at + i.text} className="muted small">{i.text}</p>)}
      {attempt?.reason && <p className="why bad">{attempt.reason}</p>}
      {attempt && attempt.steps.length > 0 && (
        <ol className="steps">
          {attempt.steps.map((step) => {
            const took = between(step.start, step.done, now);
            return (
              <li key={step.step}>
                <Link {...to(step.step)} className="step">
                  <StatusIcon status={step.status} size={13} />
                  <span className="step-name">{step.name}</span>
                  <span className="sr">{label(step.status)}</span>
                  <span className="muted small">{took !== undefined ? duration(took) : ""}</span>
                </Link>
                {whyStep(step) && <p className={`why small ${step.optional ? "aside" : "bad"}`}>{whyStep(step)}</p>}
              </li>
            );
          })}
        </ol>
      )}
      {attempt?.worker && <p className="muted small job-foot">on {attempt.worker}{queued !== undefined && queued > 1000 ? ` after ${duration(queued)} in the queue` : ""}</p>}
    </article>
  );
}

const textOf = (p: Parameter) => `${p.name} ${p.value} ${p.origin}`;
const PARAMETERS: Column<Parameter>[] = [
  { id: "name", head: "Name", value: (p) => p.name, cell: (p) => <code>{p.name}</code> },
  { id: "value", head: "Value", value: (p) => p.value, cell: (p) => <><code className="value">{p.value}</code>{p.tainted && <span className="chip tainted" title="Its text comes from an event and may carry code">from outside</span>}</> },
  { id: "from", head: "From", value: (p) => p.origin, className: "muted" },
];

/** Read when they are opened: with a large run they are most of it. */
function Parameters({ run, execution }: { run: Run; execution: NodeRun }) {
  const [open, setOpen] = useState(false);
  const [word, setWord] = useState("");
  const query = useQuery({ ...queries.parameters(run.project_key, run.workflow_name, String(run.number), [execution.id]), enabled: open });
  return (
    <details className="parameters" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>Parameters {query.data && <span className="count">{query.data.node_runs[0]?.parameters.length}</span>}</summary>
      {open && (
        <Answered query={query}>
          {({ node_runs: [whole] }) => (
            <>
              <input className="filter" type="search" aria-label="Filter parameters" placeholder="Filter by name, value or origin" value={word} onChange={(e) => setWord(e.target.value)} />
              <DataTable label="Parameters" rows={whole?.parameters ?? []} rowKey={(p) => p.name} columns={PARAMETERS} text={textOf} word={word} context={undefined} />
            </>
          )}
        </Answered>
      )}
    </details>
  );
}
