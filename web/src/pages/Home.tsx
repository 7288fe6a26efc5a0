import { Toggle } from "@base-ui/react/toggle";
import { ToggleGroup } from "@base-ui/react/toggle-group";
import { useCallback, useState } from "react";
import { useRunHistory } from "../api/history";
import { FirstSteps } from "../components/FirstSteps";
import { PageHead } from "../components/PageHead";
import { isFiltered, NO_FILTER, RunFilterFields, useRunFilter } from "../components/RunFilters";
import { RunTable } from "../components/RunTable";
import { FILTERS } from "../model/status";
import { Empty, Loading, Problem } from "../ui/States";
import { useTitle } from "../util/hooks";

const ANY = "any";
const STATUSES = [{ value: ANY, label: "All" }, ...FILTERS];

export function Home() {
  const [filter, setFilter] = useRunFilter();
  const [range, setRange] = useState<readonly [number, number]>([0, 0]);
  const onRange = useCallback((from: number, to: number) => setRange([from, to]), []);
  const { runs, count, run } = useRunHistory(undefined, filter, range);
  useTitle("Runs");
  const all = runs.data?.runs ?? [];
  if (runs.isSuccess && count === 0 && !isFiltered(filter)) return <><PageHead title="Runs" /><Empty title="Nothing has run yet" /><FirstSteps /></>;
  return (
    <>
      <PageHead title="Runs" note={<>The newest runs of all projects you may read{count > 0 && <span className="count">{count.toLocaleString("en")}</span>}</>} />
      <div className="filters">
        <ToggleGroup className="segments" aria-label="Filter by status" value={[filter.status || ANY]} onValueChange={([value]) => setFilter({ status: value === ANY ? "" : value })}>
          {STATUSES.map(({ value, label }) => <Toggle key={value} value={value}>{label}</Toggle>)}
        </ToggleGroup>
        <RunFilterFields filter={filter} onChange={setFilter} runs={all} />
      </div>
      {runs.isPending ? <Loading rows={8} /> : runs.error && all.length === 0 ? <Problem error={runs.error} retry={() => void runs.refetch()} /> : all.length === 0 ? (
        <Empty title="No run matches"><button type="button" className="link" onClick={() => setFilter(NO_FILTER)}>Show all runs</button></Empty>
      ) : (
        <RunTable key={JSON.stringify(filter)} count={count} run={run} onRange={onRange} withWorkflow />
      )}
    </>
  );
}
