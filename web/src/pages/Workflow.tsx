import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { isGone } from "../api/client";
import { useRunHistory } from "../api/history";
import { queries } from "../api/queries";
import { PageHead } from "../components/PageHead";
import { PageProblem } from "../components/PageProblem";
import { isFiltered, NO_FILTER, RunFilterFields, RunMatches, useRunFilter } from "../components/RunFilters";
import { RunTable } from "../components/RunTable";
import { StartDialog } from "../components/StartDialog";
import { canStart } from "../model/can";
import { FILTERS } from "../model/status";
import { Button } from "../ui/Button";
import { Select } from "../ui/Select";
import { Empty, Loading, Problem } from "../ui/States";
import { useFault, useTitle } from "../util/hooks";
import { later } from "../util/later";
import { useLeft } from "../util/left";
import { paths } from "../util/paths";
import { useSetSearch } from "../util/search";

const { Page: RunGraph } = later(() => import("../components/RunGraph"));
const STATUSES = [{ value: "", label: "Any" }, ...FILTERS];

const route = getRouteApi("/project/$key/workflow/$workflow");

export function WorkflowPage() {
  const { key: projectKey, workflow } = route.useParams();
  const definition = useQuery(queries.workflow(projectKey, workflow));
  const search = route.useSearch();
  const set = useSetSearch();
  const [asking, setAsking] = useState<boolean | undefined>(search.start !== undefined || undefined);
  const left = useLeft();
  const starting = asking ?? left !== undefined;
  const [filter, setFilter] = useRunFilter();
  const fault = useFault(definition);
  const missing = fault && (!definition.data || isGone(fault)) ? fault : undefined;
  useTitle(missing ? undefined : workflow);
  const [range, setRange] = useState<readonly [number, number]>([0, 0]);
  const onRange = useCallback((from: number, to: number) => setRange([from, to]), []);
  const { runs, count, run } = useRunHistory({ key: projectKey, workflow }, filter, range);
  const branches = useQuery(queries.tagValues(projectKey, workflow, "git.branch")).data ?? [];
  const authors = useQuery(queries.tagValues(projectKey, workflow, "git.author")).data ?? [];
  const starters = useQuery(queries.tagValues(projectKey, workflow, "triggered_by")).data ?? [];
  const all = runs.data?.runs ?? [];
  const unread = useFault(runs);
  const crumbs = [{ to: paths.projects(), text: "Projects" }, { to: paths.project(projectKey), text: projectKey }];
  if (missing) return <PageProblem title={workflow} crumbs={crumbs} error={missing} was={definition.data && "This workflow"} retry={() => void definition.refetch()} />;
  return (
    <>
      <PageHead
        crumbs={crumbs}
        title={workflow}
        note={definition.data?.description}
        actions={<Button kind="primary" can={canStart(definition.data?.permission)} onClick={() => setAsking(true)}>Start a run</Button>}
      />
      {definition.data && (
        <details className="card fold" open={count === 0 && runs.isSuccess && !isFiltered(filter)}>
          <summary>Graph <span className="muted small">{definition.data.nodes.length === 1 ? "1 node" : `${definition.data.nodes.length} nodes`}</span></summary>
          <RunGraph nodes={definition.data.nodes} />
        </details>
      )}
      <div className="filters">
        <h2>History {count > 0 && <span className="muted small">{count.toLocaleString("en")}</span>}</h2>
        <Select label="Status" className="inline" value={filter.status} choices={STATUSES} onChange={(status) => setFilter({ status })} />
        <RunFilterFields filter={filter} onChange={setFilter} runs={all} branches={branches} authors={[...authors, ...starters]} />
      </div>
      <RunMatches filter={filter} count={runs.isPending || unread ? undefined : count} />
      {unread && all.length === 0 ? <Problem error={unread} retry={() => void runs.refetch()} /> : runs.isPending ? <Loading rows={6} /> : all.length === 0 ? (
        isFiltered(filter) ? (
          <Empty title="No run matches"><button type="button" className="link" onClick={() => setFilter(NO_FILTER)}>Show all runs</button></Empty>
        ) : (
          <Empty title="This workflow has not run yet"><p>Its first run starts with “Start a run” above.</p></Empty>
        )
      ) : (
        <RunTable key={JSON.stringify(filter)} count={count} run={run} onRange={onRange} />
      )}
      {starting && definition.data && canStart(definition.data.permission).ok && <StartDialog workflow={definition.data} onClose={() => { setAsking(false); set({ start: undefined }); }} />}
    </>
  );
}
