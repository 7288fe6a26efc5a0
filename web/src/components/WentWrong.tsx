import { useQuery } from "@tanstack/react-query";
import { queries } from "../api/queries";
import { type FailedJob, type Fault, tellingLines } from "../model/failures";
import { formatHash } from "../model/log";
import { ordinal } from "../model/runView";
import type { Run } from "../model/types";
import { Link } from "../ui/Link";
import { More } from "../ui/More";
import { Empty } from "../ui/States";
import { paths } from "../util/paths";

/** More failures have more causes than anybody reads at once. */
const MOST = 4;

/**
 * What one would look for first: the failed jobs of a run, each with its reason and the last lines of its log, then what went
 * wrong outside of jobs.
 */
export function WentWrong({ run, failed, faults }: { run: Run; failed: FailedJob[]; faults: Fault[] }) {
  if (failed.length + faults.length === 0) return <Empty title="Nothing of it is wrong any more"><p>What had gone wrong was started again.</p></Empty>;
  const more = [counted(failed.length - MOST, "more failed job"), counted(faults.length - MOST, "more node")].filter(Boolean);
  return (
    <section className="card went-wrong" aria-label="What went wrong">
      <ul>
        {failed.slice(0, MOST).map((it) => <Failed key={it.job.id} run={run} it={it} />)}
        {faults.slice(0, MOST).map((it) => <FaultLine key={`${it.node} ${it.what}`} run={run} it={it} />)}
      </ul>
      {more.length > 0 && (
        <More of="wrong" what={more.join(" and ")}>
          {() => (
            <ul>
              {/* Without the ends of their logs: those of hundreds would be as many requests. */}
              {failed.slice(MOST).map((it) => <li key={it.job.id}><FailedHead run={run} it={it} /></li>)}
              {faults.slice(MOST).map((it) => <FaultLine key={`${it.node} ${it.what}`} run={run} it={it} />)}
            </ul>
          )}
        </More>
      )}
    </section>
  );
}

const counted = (n: number, what: string) => (n > 0 ? `${n} ${what}${n === 1 ? "" : "s"}` : "");

function FaultLine({ run, it }: { run: Run; it: Fault }) {
  return (
    <li>
      <p className="went-wrong-head"><Link {...paths.run(run.project_key, run.workflow_name, run.number, it.node)}><strong>{it.node}</strong></Link><span>{it.what}</span></p>
      {it.reason ? <pre className="went-wrong-log">{it.reason}</pre> : <p className="muted small">The server tells no reason.</p>}
    </li>
  );
}

/** Which job, which step of it, and why; the link leads to the lines that tell it, where they are known. */
function FailedHead({ run, it, lines }: { run: Run; it: FailedJob; lines?: string }) {
  return (
    <p className="went-wrong-head">
      <Link {...paths.job(run.project_key, run.workflow_name, run.number, ordinal(it.job), it.step, lines)}><strong>{it.job.name}</strong></Link>
      <span className="muted small">{[it.node.node !== it.job.name && it.node.node, it.stepName && `step ${it.stepName}`].filter(Boolean).join(" · ")}</span>
      {it.reason && <span className="bad-text">{it.reason}</span>}
    </p>
  );
}

function Failed({ run, it }: { run: Run; it: FailedJob }) {
  const log = useQuery({ ...queries.logEnd(it.job.id, it.attempt, it.step ?? 0), enabled: it.step !== undefined });
  const lines = tellingLines(log.data?.lines ?? [], it.reason);
  const last = lines.at(-1);
  const marked = lines[0] && last && formatHash({ from: lines[0].n, to: last.n }).slice(1);
  return (
    <li>
      <FailedHead run={run} it={it} lines={marked} />
      {lines.length > 0 && <pre className="went-wrong-log">{lines.map((line) => line.text).join("\n")}</pre>}
    </li>
  );
}
