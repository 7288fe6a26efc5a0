import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { download } from "../api/client";
import { queries } from "../api/queries";
import { differences } from "../model/runView";
import { bytes } from "../model/time";
import type { Artifact, Run, TestCase, Tests } from "../model/types";
import { Link } from "../router";
import { Button } from "../ui/Button";
import { Answered, Empty, Loading } from "../ui/States";
import { report } from "../ui/toast";
import { paths } from "../util/paths";

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

/** What is different from the last run that went well before this one. */
export function ChangesTab({ run }: { run: Run }) {
  const green = useQuery(queries.runs(run.project_key, run.workflow_name, { status: "Success", limit: 50 }));
  const before = green.data?.find((r) => r.number < run.number);
  const old = useQuery({ ...queries.run(run.project_key, run.workflow_name, String(before?.number)), enabled: before !== undefined });
  if (green.isPending || (before && old.isPending)) return <Loading rows={3} />;
  if (!before || !old.data) return <Empty title="No earlier run went well"><p>Once one has, its payload, graph and parameters are compared with this run here.</p></Empty>;
  const found = differences(old.data, run);
  const link = <Link to={paths.run(run.project_key, run.workflow_name, before.number)}>#{before.number}</Link>;
  if (found.length === 0) return <Empty title="Nothing differs"><p>Payload, graph and parameters are those of the last green run, {link}.</p></Empty>;
  return (
    <>
      <p className="muted">Compared with the last green run before it, {link}:</p>
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
