import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { download } from "../api/client";
import { queries } from "../api/queries";
import { differences } from "../model/runView";
import { bytes } from "../model/time";
import type { Artifact, Run, TestCase, Tests } from "../model/types";
import { Link } from "../ui/Link";
import { Button } from "../ui/Button";
import { Answered, Empty, Loading } from "../ui/States";
import { report } from "../ui/toast";
import { paths } from "../util/paths";
import { StatusIcon } from "./Status";

const TEST_STATUS: Record<string, string> = { ok: "good", failed: "bad", error: "bad", skipped: "idle" };

export function TestsTab({ query }: { query: UseQueryResult<Tests> }) {
  const [all, setAll] = useState(false);
  return (
    <Answered query={query}>
      {(tests) => {
        if (tests.total === 0) return <Empty title="No test reports"><p>A step <code>jUnitReport: "*.xml"</code> puts them here.</p></Empty>;
        const onlyBad = tests.ko > 0 && !all;
        return (
          <>
            <div className="test-sum">
              <div className="bar" aria-hidden="true"><i className="good" style={{ flexGrow: tests.ok }} /><i className="bad" style={{ flexGrow: tests.ko }} /><i className="idle" style={{ flexGrow: tests.skipped }} /></div>
              <p>{tests.ok} passed, {tests.ko} failed, {tests.skipped} skipped {tests.ko > 0 && <button type="button" className="link" onClick={() => setAll(!all)}>{all ? "Show failures only" : "Show all"}</button>}</p>
            </div>
            {Object.entries(tests.suites).map(([node, suites]) => suites.map((suite, i) => {
              const cases = (suite.cases ?? []).filter((c) => !onlyBad || c.status === "failed" || c.status === "error");
              if (cases.length === 0) return null;
              return (
                <section key={`${node} ${i}`} className="suite">
                  <h3>{suite.name} <span className="muted small">{node}</span></h3>
                  <ul>{cases.slice(0, 500).map((c, j) => <TestRow key={j} test={c} />)}</ul>
                  {cases.length > 500 && <p className="muted">and {cases.length - 500} more</p>}
                </section>
              );
            }))}
          </>
        );
      }}
    </Answered>
  );
}

function TestRow({ test }: { test: TestCase }) {
  const text = [test.message, test.system_out, test.system_err].filter(Boolean).join("\n\n");
  const head = <><span className={`dot ${TEST_STATUS[test.status ?? ""] ?? "idle"}`} aria-hidden="true" /><span className="sr">{test.status}: </span><span className="test-name">{[test.classname, test.name].filter(Boolean).join(" › ")}</span><span className="muted small">{test.time && `${test.time} s`}</span></>;
  return <li className="test">{text ? <details open={TEST_STATUS[test.status ?? ""] === "bad"}><summary>{head}</summary><pre>{text}</pre></details> : <div className="test-line">{head}</div>}</li>;
}

export function ArtifactsTab({ run, query }: { run: Run; query: UseQueryResult<Artifact[]> }) {
  const path = (a: Artifact) => `/v1/projects/${encodeURIComponent(run.project_key)}/workflows/${encodeURIComponent(run.workflow_name)}/runs/${run.number}/artifacts/${a.id}`;
  return (
    <Answered query={query}>
      {(files) =>
        files.length === 0 ? (
          <Empty title="No artifacts"><p>A step <code>artifactUpload: dist/*</code> puts them here.</p></Empty>
        ) : (
          <div className="table-box">
            <table>
              <thead><tr><th>Name</th><th>Size</th><th>Type</th><th>Node</th><th>SHA-256</th><th /></tr></thead>
              <tbody>
                {files.map((a) => (
                  <tr key={a.id}>
                    <td><strong>{a.name}</strong></td>
                    <td className="nowrap">{bytes(a.size)}</td>
                    <td className="muted">{a.type}</td>
                    <td>{a.node}</td>
                    <td><code className="muted" title={a.sha256}>{a.sha256.slice(0, 12)}</code></td>
                    <td><Button kind="quiet" aria-label={`Download ${a.name}`} onClick={() => download(path(a), a.name).catch(report)}>Download</Button></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )
      }
    </Answered>
  );
}

/** What came since the last run that went well: the runs with their commits, then what is different. */
export function ChangesTab({ run }: { run: Run }) {
  const changes = useQuery(queries.changes(run.project_key, run.workflow_name, String(run.number)));
  const since = changes.data?.since;
  const old = useQuery({ ...queries.run(run.project_key, run.workflow_name, String(since?.number)), enabled: since !== undefined });
  return (
    <Answered query={changes}>
      {({ runs, total, same_branch }) => {
        if (!since) return <Empty title="No earlier run went well"><p>Once one has, its commits, payload, graph and parameters are compared with this run here.</p></Empty>;
        const link = <Link {...paths.run(run.project_key, run.workflow_name, since.number)}>#{since.number}</Link>;
        return (
          <>
            <p className="muted">Since {link}, the last run {same_branch ? <>of branch <code>{since.branch}</code> </> : ""}that went well{since.hash && <>, of commit <code>{since.hash.slice(0, 9)}</code></>}:</p>
            <div className="table-box">
              <table>
                <thead><tr><th>Run</th><th>Commit</th><th>Branch</th><th>By</th></tr></thead>
                <tbody>
                  {runs.map((r) => (
                    <tr key={r.number}>
                      <td className="nowrap"><StatusIcon status={r.status} size={14} /> {r.number === run.number ? <strong>#{r.number}, this run</strong> : <Link {...paths.run(run.project_key, run.workflow_name, r.number)}>#{r.number}</Link>}</td>
                      <td>{r.hash && <code title={r.hash}>{r.hash.slice(0, 9)}</code>} {r.message ? r.message.split("\n")[0] : !r.hash && <span className="muted">not known</span>}</td>
                      <td>{r.branch && <span className="chip branch">{r.branch}</span>}</td>
                      <td>{r.author || r.triggered_by}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            {total > runs.length && <p className="muted small">and {total - runs.length} older ones</p>}
            {old.isPending ? <Loading rows={2} /> : old.data && <Differences before={old.data} run={run} />}
          </>
        );
      }}
    </Answered>
  );
}

function Differences({ before, run }: { before: Run; run: Run }) {
  const found = differences(before, run);
  if (found.length === 0) return <p className="muted changes-head">Payload, graph and parameters are the same.</p>;
  return (
    <>
      <h3 className="changes-head">What differs</h3>
      <div className="table-box">
        <table>
          <thead><tr><th>Where</th><th>Name</th><th>Then</th><th>Now</th></tr></thead>
          <tbody>{found.map((d) => <tr key={`${d.where} ${d.name}`}><td className="muted">{d.where}</td><td><code>{d.name}</code></td><td><code className="value">{d.before ?? "–"}</code></td><td><code className="value">{d.after ?? "–"}</code></td></tr>)}</tbody>
        </table>
      </div>
    </>
  );
}

export function InfosTab({ run }: { run: Run }) {
  const jobs = run.node_runs.flatMap((n) => n.stages.flatMap((s) => s.jobs.flatMap((j) => j.infos.map((i) => ({ ...i, where: `${n.node} › ${j.name}` })))));
  const all = [...run.infos.map((i) => ({ ...i, where: "" })), ...jobs].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return (
    <ol className="infos">
      {all.map((info, i) => (
        <li key={i} className={info.level.toLowerCase()}>
          <time className="muted small" dateTime={info.at} title={info.at}>{new Date(info.at).toLocaleTimeString()}</time>
          <span>{info.where && <span className="muted">{info.where}: </span>}{info.text}</span>
        </li>
      ))}
    </ol>
  );
}
