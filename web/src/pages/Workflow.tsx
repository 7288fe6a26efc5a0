import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useState } from "react";
import { useRunHistory } from "../api/history";
import { queries } from "../api/queries";
import { PageHead } from "../components/PageHead";
import { RunTable } from "../components/RunTable";
import { StartDialog } from "../components/StartDialog";
import { canStart } from "../model/can";
import { useQueryState } from "../router";
import { Button } from "../ui/Button";
import { Empty, Loading, Problem } from "../ui/States";
import { useTitle } from "../util/hooks";
import { paths } from "../util/paths";

const RunGraph = lazy(() => import("../components/RunGraph"));
const STATUSES = ["Success", "Fail", "Building", "Waiting", "Stopped"];

export function WorkflowPage({ projectKey, workflow }: { projectKey: string; workflow: string }) {
  const definition = useQuery(queries.workflow(projectKey, workflow));
  const [query, set] = useQueryState();
  const [starting, setStarting] = useState(query.get("start") !== null);
  const status = query.get("status") ?? "";
  const tag = query.get("tag") ?? "";
  useTitle(workflow);
  const [range, setRange] = useState<readonly [number, number]>([0, 0]);
  const onRange = useCallback((from: number, to: number) => setRange([from, to]), []);
  const { runs, count, run } = useRunHistory(projectKey, workflow, { status, tag }, range);
  const all = runs.data?.runs ?? [];
  const branches = [...new Set(all.flatMap((r) => r.tags.filter((t) => t.tag === "git.branch").map((t) => t.value)))].slice(0, 30);
  const authors = [...new Set(all.flatMap((r) => r.tags.filter((t) => t.tag === "git.author" || t.tag === "triggered_by").map((t) => `${t.tag}:${t.value}`)))].slice(0, 30);
  if (definition.error && !definition.data) return <Problem error={definition.error} retry={() => void definition.refetch()} />;
  return (
    <>
      <PageHead
        crumbs={[{ to: paths.projects(), text: "Projects" }, { to: paths.project(projectKey), text: projectKey }]}
        title={workflow}
        note={definition.data?.description}
        actions={<Button kind="primary" can={canStart(definition.data?.permission)} onClick={() => setStarting(true)}>Start a run</Button>}
      />
      {definition.data && (
        <details className="card fold" open={count === 0 && runs.isSuccess}>
          <summary>Graph <span className="muted small">{definition.data.nodes.length} nodes</span></summary>
          <Suspense fallback={<Loading rows={3} />}>
            <RunGraph nodes={definition.data.nodes} />
          </Suspense>
        </details>
      )}
      <div className="filters">
        <h2>History {count > 0 && <span className="muted small">{count.toLocaleString("en")}</span>}</h2>
        <label>Status<select value={status} onChange={(e) => set({ status: e.target.value })}><option value="">Any</option>{STATUSES.map((s) => <option key={s}>{s}</option>)}</select></label>
        <label>Tag
          <input type="search" list="known-tags" placeholder="git.branch:main" defaultValue={tag} key={tag} onChange={(e) => e.target.value === "" && set({ tag: undefined })} onKeyDown={(e) => e.key === "Enter" && set({ tag: e.currentTarget.value })} onBlur={(e) => e.target.value !== tag && set({ tag: e.target.value })} />
          <datalist id="known-tags">{branches.map((b) => <option key={b} value={`git.branch:${b}`} />)}{authors.map((a) => <option key={a} value={a} />)}</datalist>
        </label>
      </div>
      {runs.isPending ? <Loading rows={6} /> : runs.error && all.length === 0 ? <Problem error={runs.error} retry={() => void runs.refetch()} /> : all.length === 0 ? (
        status || tag ? (
          <Empty title="No run matches"><button type="button" className="link" onClick={() => set({ status: undefined, tag: undefined })}>Show all runs</button></Empty>
        ) : (
          <Empty title="This workflow has not run yet"><p>Its first run starts with “Start a run” above.</p></Empty>
        )
      ) : (
        <RunTable key={`${status} ${tag}`} count={count} run={run} onRange={onRange} />
      )}
      {starting && definition.data && <StartDialog workflow={definition.data} onClose={() => { setStarting(false); set({ start: undefined }); }} />}
    </>
  );
}
