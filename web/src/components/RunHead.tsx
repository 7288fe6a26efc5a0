import type { ReactNode } from "react";
import { about, otherTags } from "../model/about";
import { type RunView, timeOf } from "../model/runView";
import { isFinal } from "../model/status";
import { ago } from "../model/time";
import type { Run } from "../model/types";
import { useAgo } from "../util/hooks";
import { paths } from "../util/paths";
import { Announce } from "./Announce";
import { PageHead } from "./PageHead";
import { StatusBadge, StatusIcon } from "./Status";

interface Props {
  run: Run;
  view: RunView;
  /** As people must see it. */
  status: string;
  /** What went wrong in a few words, and what leads to it; may be empty. */
  wrong: string;
  onWrong: () => void;
  actions: ReactNode;
}

/** What a run is, where it stands, what it was made of. The seconds tick here alone. */
export function RunHead({ run, view, status, wrong, onWrong, actions }: Props) {
  const { branch, hash, wholeHash, message, author } = about(run);
  const gates = view.gates.length;
  return (
    <PageHead
      crumbs={[
        { to: paths.projects(), text: "Projects" },
        { to: paths.project(run.project_key), text: run.project_key },
        { to: paths.workflow(run.project_key, run.workflow_name), text: run.workflow_name },
      ]}
      before={<StatusIcon status={status} size={36} />}
      title={<>{run.workflow_name} <span className="number">#{run.number}</span></>}
      note={
        <>
          <Announce name={`${run.workflow_name} #${run.number}`} status={status} gates={run.status === "Stopped" ? [] : view.gates.map((g) => g.node.name)} />
          {message && <p className="run-message" title={message}>{message}</p>}
          <div className="facts">
            <span data-home tabIndex={-1}><StatusBadge status={status} /></span>
            {wrong && <button type="button" className="link bad-text" onClick={onWrong}>{wrong}</button>}
            {gates > 0 && run.status !== "Stopped" && <span className="gates-open">{gates === 1 ? "1 gate open" : `${gates} gates open`}{run.status === "Success" && ", all before went well"}</span>}
            <Times run={run} />
            <span>by {author}{author !== run.triggered_by && `, started by ${run.triggered_by}`}</span>
            {branch && <span className="chip branch" title={branch}>{branch}</span>}
            {hash && <code title={wholeHash}>{hash}</code>}
            <Tags run={run} />
          </div>
        </>
      }
      actions={actions}
    />
  );
}

function Times({ run }: { run: Run }) {
  const now = useAgo(run.start, !isFinal(run.status));
  const { text, more } = timeOf(run, now);
  return (
    <>
      {text && <span title={more}>{text}</span>}
      <time dateTime={run.start} title={run.start}>{ago(run.start, now)}</time>
    </>
  );
}

function Tags({ run }: { run: Run }) {
  const tags = otherTags(run);
  const own = run.version !== String(run.number);
  if (tags.length === 0 && !own && run.sub_number === 0) return null;
  return (
    <ul className="tag-line" aria-label="Tags">
      {tags.map((t) => <li key={t.tag} className="chip" title={`${t.tag}: ${t.value}`}><span className="muted">{t.tag}</span> {t.value}</li>)}
      {own && <li className="chip"><span className="muted">run version</span> {run.version}</li>}
      {run.sub_number > 0 && <li className="chip"><span className="muted">restarted</span> {run.sub_number}×</li>}
    </ul>
  );
}
