import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { download } from "../api/client";
import { queries } from "../api/queries";
import { shortHash } from "../model/about";
import { groupBy } from "../model/groupBy";
import { happened } from "../model/happened";
import { latestExecutions, mergeRun } from "../model/news";
import { type Difference, differences } from "../model/differences";
import { plainText } from "../model/plain";
import { executionName, type RunView } from "../model/runView";
import { bytes } from "../model/time";
import type { Artifact, ChangedRun, Run, TestCase, Tests } from "../model/types";
import { Link } from "../ui/Link";
import { Button } from "../ui/Button";
import { Select } from "../ui/Select";
import { Answered, Empty, Loading } from "../ui/States";
import { type Column, DataTable, useRows } from "../ui/table";
import { report } from "../ui/toast";
import { usePageTop } from "../util/hooks";
import { paths } from "../util/paths";
import { StatusIcon } from "./Status";

const TEST_STATUS: Record<string, string> = { ok: "good", failed: "bad", error: "bad", skipped: "idle" };

/** A test with where it was reported. */
interface Reported {
  test: TestCase;
  suite: string;
  node: string;
}

const ORDERS = [{ value: "", label: "As reported" }, { value: "time", label: "Slowest first" }, { value: "name", label: "Name" }];
const TESTS: Column<Reported>[] = [
  { id: "time", head: "Time", value: (r) => Number(r.test.time) || 0 },
  { id: "name", head: "Name", value: (r) => nameOf(r.test) },
];
const textOf = (r: Reported) => `${nameOf(r.test)} ${r.suite} ${r.node}`;
const nameOf = (test: TestCase) => plainText([test.classname, test.name].filter(Boolean).join(" › "));
const isBad = (test: TestCase) => test.status === "failed" || test.status === "error";

/** `view`: of a node that ran again, a suite says which execution it is of; the server gives those of the newest. */
export function TestsTab({ query, view }: { query: UseQueryResult<Tests>; view: RunView }) {
  return (
    <Answered query={query}>
      {(tests) => (tests.total === 0 ? <Empty title="No test reports"><p>A step <code>jUnitReport: "*.xml"</code> puts them here.</p></Empty> : <TestList tests={tests} view={view} />)}
    </Answered>
  );
}

/** A row of the list: the head of a suite, or a test. */
type TestLine = { suite: string; node: string } | Reported;

function TestList({ tests, view }: { tests: Tests; view: RunView }) {
  const [all, setAll] = useState(false);
  const [word, setWord] = useState("");
  const [order, setOrder] = useState("");
  const onlyBad = tests.ko > 0 && !all;
  const rows = useMemo(
    () => Object.entries(tests.suites).flatMap(([node, suites]) => suites.flatMap((s) => (s.cases ?? []).filter((c) => !onlyBad || isBad(c)).map((test) => ({ test, suite: s.name ?? "", node: executionName(view, node) })))),
    [tests, onlyBad, view],
  );
  const sort = useMemo(() => (order ? [{ id: order, desc: order === "time" }] : []), [order]);
  const { shown } = useRows({ rows, columns: TESTS, text: textOf, word, sort });
  // Sorted, tests of all suites stand among each other, and each says where it comes from.
  const lines = useMemo(() => {
    const found = shown.map((r) => r.original);
    if (order) return found;
    return groupBy(found, (r) => `${r.node}\n${r.suite}`).flatMap((group): TestLine[] => [{ suite: group[0]?.suite ?? "", node: group[0]?.node ?? "" }, ...group]);
  }, [shown, order]);
  return (
    <>
      <div className="test-sum">
        <div className="bar" aria-hidden="true"><i className="good" style={{ flexGrow: tests.ok }} /><i className="bad" style={{ flexGrow: tests.ko }} /><i className="idle" style={{ flexGrow: tests.skipped }} /></div>
        <p>{tests.ok} passed, {tests.ko} failed, {tests.skipped} skipped {tests.ko > 0 && <button type="button" className="link" onClick={() => setAll(!all)}>{all ? "Show failures only" : "Show all"}</button>}</p>
      </div>
      {rows.length > 10 && (
        <div className="filters">
          <input className="filter" type="search" aria-label="Filter tests" placeholder={`Filter ${rows.length} tests`} value={word} onChange={(e) => setWord(e.target.value)} />
          <Select label="Order" className="inline" value={order} choices={ORDERS} onChange={setOrder} />
        </div>
      )}
      {shown.length === 0 ? <p className="muted">No test is called “{word}”.</p> : <TestLines key={`${order} ${word} ${onlyBad}`} lines={lines} sorted={order !== ""} />}
    </>
  );
}

/** Only the lines in view exist; each is as high as what it tells. */
function TestLines({ lines, sorted }: { lines: TestLine[]; sorted: boolean }) {
  const ref = useRef<HTMLUListElement>(null);
  const begin = usePageTop(ref);
  const list = useWindowVirtualizer({ count: lines.length, estimateSize: () => 36, overscan: 20, scrollMargin: begin });
  // What somebody opened or closed stays so, also while it is out of view.
  const toggled = useRef(new Map<number, boolean>());
  const items = list.getVirtualItems();
  return (
    <ul ref={ref} className="tests" style={{ height: list.getTotalSize() }}>
      {items.map((item) => {
        const line = lines[item.index];
        if (!line) return null;
        return (
          <li key={item.key} ref={list.measureElement} data-index={item.index} style={{ transform: `translateY(${item.start - begin}px)` }} className={"test" in line ? "test" : "suite"}>
            {"test" in line ? (
              <TestRow test={line.test} from={sorted ? `${line.suite} · ${line.node}` : undefined} open={toggled.current.get(item.index)} onToggle={(open) => toggled.current.set(item.index, open)} />
            ) : (
              <h2>{line.suite} <span className="muted small">{line.node}</span></h2>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** `open`: as somebody left it; else what failed is open. */
function TestRow({ test, from, open, onToggle }: { test: TestCase; from?: string; open: boolean | undefined; onToggle: (open: boolean) => void }) {
  const status = TEST_STATUS[test.status ?? ""] ?? "idle";
  const text = plainText([test.message, test.system_out, test.system_err].filter(Boolean).join("\n\n"));
  const head = <><span className={`dot ${status}`} aria-hidden="true" /><span className="sr">{test.status}: </span><span className="test-name">{nameOf(test)}</span>{from && <span className="muted small">{from}</span>}<span className="muted small">{test.time && `${test.time} s`}</span></>;
  if (!text) return <div className="test-line">{head}</div>;
  return <details open={open ?? status === "bad"} onToggle={(e) => onToggle(e.currentTarget.open)}><summary>{head}</summary><pre>{text}</pre></details>;
}

export function ArtifactsTab({ run, query }: { run: Run; query: UseQueryResult<Artifact[]> }) {
  return (
    <Answered query={query}>
      {(files) => (files.length === 0 ? <Empty title="No artifacts"><p>A step <code>artifactUpload: dist/*</code> puts them here.</p></Empty> : <DataTable label="Artifacts" rows={files} rowKey={(a) => a.id} columns={ARTIFACTS} context={run} />)}
    </Answered>
  );
}

const fileOf = (run: Run, a: Artifact) => `/v1/projects/${encodeURIComponent(run.project_key)}/workflows/${encodeURIComponent(run.workflow_name)}/runs/${run.number}/artifacts/${a.id}`;
const ARTIFACTS: Column<Artifact, Run>[] = [
  { id: "name", head: "Name", value: (a) => a.name, cell: (a) => <strong>{a.name}</strong> },
  { id: "size", head: "Size", value: (a) => a.size, cell: (a) => bytes(a.size), className: "nowrap" },
  { id: "type", head: "Type", value: (a) => a.type, className: "muted" },
  { id: "node", head: "Node", value: (a) => a.node },
  { id: "sum", head: "SHA-256", cell: (a) => <code className="muted" title={a.sha256}>{a.sha256.slice(0, 12)}</code> },
  { id: "get", head: ".Download", cell: (a, run) => <Button kind="quiet" aria-label={`Download ${a.name}`} onClick={() => download(fileOf(run, a), a.name).catch(report)}>Download</Button> },
];

/** Parameters of so many executions are compared. */
const COMPARED = 100;

/** What came since the last run that went well: the runs with their commits, then what is different. */
export function ChangesTab({ run }: { run: Run }) {
  const changes = useQuery(queries.changes(run.project_key, run.workflow_name, String(run.number)));
  const since = changes.data?.since;
  const old = useQuery({ ...queries.run(run.project_key, run.workflow_name, String(since?.number)), enabled: since !== undefined });
  // Parameters are compared where there are few enough to be read.
  const parametersOf = (r: Run | undefined) => queries.parameters(run.project_key, run.workflow_name, String(r?.number), r ? latestExecutions(r).slice(0, COMPARED) : []);
  const [then, now] = [useQuery(parametersOf(old.data)), useQuery(parametersOf(old.data && run))];
  const whole = then.isSuccess && now.isSuccess && [old.data, run].every((r) => r && latestExecutions(r).length <= COMPARED);
  return (
    <Answered query={changes}>
      {({ runs, total, same_branch }) => {
        if (!since) return <Empty title="No earlier run went well"><p>Once one has, its commits, payload, graph and parameters are compared with this run’s here.</p></Empty>;
        const link = <Link {...paths.run(run.project_key, run.workflow_name, since.number)}>#{since.number}</Link>;
        return (
          <>
            <p className="muted">Since {link}, the last run {same_branch ? <>of branch <code>{since.branch}</code> </> : ""}that went well{since.hash && <>, of commit <code>{shortHash(since.hash)}</code></>}:</p>
            <DataTable label="Runs since then" rows={runs} rowKey={(r) => r.number} columns={RUNS} context={run} />
            {total > runs.length && <p className="muted small">and {total - runs.length} older ones</p>}
            <Answered query={old} rows={2}>
              {(was) => (then.isLoading || now.isLoading ? <Loading rows={2} /> : <Differences before={then.data ? mergeRun(was, then.data) : was} run={now.data ? mergeRun(run, now.data) : run} withParameters={whole} />)}
            </Answered>
          </>
        );
      }}
    </Answered>
  );
}

// In their order, which is the order in time: there is nothing to sort.
const RUNS: Column<ChangedRun, Run>[] = [
  {
    id: "run",
    head: "Run",
    cell: (r, run) => <><StatusIcon status={r.status} size={14} /> {r.number === run.number ? <strong>#{r.number}, this run</strong> : <Link {...paths.run(run.project_key, run.workflow_name, r.number)}>#{r.number}</Link>}</>,
    className: "nowrap",
  },
  { id: "commit", head: "Commit", cell: (r) => <>{r.hash && <code title={r.hash}>{shortHash(r.hash)}</code>} {r.message ? r.message.split("\n")[0] : !r.hash && <span className="muted">not known</span>}</> },
  { id: "branch", head: "Branch", cell: (r) => r.branch && <span className="chip branch">{r.branch}</span> },
  { id: "by", head: "By", cell: (r) => r.author || r.triggered_by },
];

const DIFFERENCES: Column<Difference>[] = [
  { id: "where", head: "Where", value: (d) => d.where, className: "muted" },
  { id: "name", head: "Name", value: (d) => d.name, cell: (d) => <code>{d.name}</code> },
  { id: "then", head: "Then", cell: (d) => <code className="value">{d.before ?? "–"}</code> },
  { id: "now", head: "Now", cell: (d) => <code className="value">{d.after ?? "–"}</code> },
];

/** `withParameters`: those of both were read. */
function Differences({ before, run, withParameters }: { before: Run; run: Run; withParameters: boolean }) {
  const found = useMemo(() => differences(before, run), [before, run]);
  return (
    <>
      {found.length === 0 ? (
        <p className="changes-head">No difference was found in what is compared.</p>
      ) : (
        <>
          <h2 className="changes-head">What differs</h2>
          <DataTable label="What differs" rows={found} rowKey={(d) => `${d.where} ${d.name}`} columns={DIFFERENCES} context={undefined} />
        </>
      )}
      <p className="muted small changes-note">
        Compared are the payload, the graph with pipeline, application, environment, parameters, conditions and mutex of each node, whether nodes ran{withParameters ? ", the values of their parameters" : ""}, and what their pipelines say: the names of stages, jobs and steps are told, and by a digest whether anything else in them, such as a script, is another.
        {withParameters ? "" : " Values of parameters could not be read whole."}
      </p>
    </>
  );
}

/** With its day: runs go on over midnight, and are restarted weeks later. */
const INSTANT = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });

export function InfosTab({ run }: { run: Run }) {
  const all = useMemo(() => happened(run), [run]);
  return (
    <ol className="infos">
      {all.map((info, i) => (
        <li key={i} className={info.level.toLowerCase()}>
          <time className="muted small" dateTime={info.at} title={info.at}>{INSTANT.format(new Date(info.at))}</time>
          <span>{info.where && <span className="muted">{info.where}: </span>}{info.text}</span>
        </li>
      ))}
    </ol>
  );
}
