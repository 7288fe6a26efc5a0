import { Toggle } from "@base-ui/react/toggle";
import { ToggleGroup } from "@base-ui/react/toggle-group";
import { type ReactNode, useCallback, useState } from "react";
import { useRunHistory } from "../api/history";
import { FILTERS } from "../model/status";
import { Empty, Loading, Problem } from "../ui/States";
import { useFault } from "../util/hooks";
import { isFiltered, NO_FILTER, RunFilterFields, RunMatches, useRunFilter } from "./RunFilters";
import { RunTable } from "./RunTable";

const ANY = "any";
const STATUSES = [{ value: ANY, label: "All" }, ...FILTERS];

interface Props {
  /** Only of this project. */
  project?: string;
  /** What stands here if nothing has ever run. */
  none: ReactNode;
  /** Above the filters; it is told how many runs there are. */
  head?: (count: number) => ReactNode;
}

/** The runs of all workflows that one may read, or of a project's, newest first and filtered. */
export function RunHistory({ project, none, head }: Props) {
  const [filter, setFilter] = useRunFilter();
  const [range, setRange] = useState<readonly [number, number]>([0, 0]);
  const onRange = useCallback((from: number, to: number) => setRange([from, to]), []);
  const { runs, count, run } = useRunHistory(project === undefined ? undefined : { project }, filter, range);
  const all = runs.data?.runs ?? [];
  const fault = useFault(runs);
  if (runs.isSuccess && count === 0 && !isFiltered(filter)) return <>{none}</>;
  return (
    <>
      {head?.(count)}
      <div className="filters">
        <ToggleGroup className="segments" aria-label="Filter by status" value={[filter.status || ANY]} onValueChange={([value]) => setFilter({ status: value === ANY ? "" : value })}>
          {STATUSES.map(({ value, label }) => <Toggle key={value} value={value}>{label}</Toggle>)}
        </ToggleGroup>
        <RunFilterFields filter={filter} onChange={setFilter} runs={all} />
      </div>
      <RunMatches filter={filter} count={runs.isPending || fault ? undefined : count} />
      {fault && all.length === 0 ? <Problem error={fault} retry={() => void runs.refetch()} /> : runs.isPending ? <Loading rows={8} /> : all.length === 0 ? (
        <Empty title="No run matches"><button type="button" className="link" onClick={() => setFilter(NO_FILTER)}>Show all runs</button></Empty>
      ) : (
        <RunTable key={JSON.stringify(filter)} count={count} run={run} onRange={onRange} withWorkflow />
      )}
    </>
  );
}
