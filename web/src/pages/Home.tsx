import { useQuery } from "@tanstack/react-query";
import { queries } from "../api/queries";
import { FirstSteps } from "../components/FirstSteps";
import { RunTable } from "../components/RunTable";
import { PageHead } from "../components/PageHead";
import { useQueryState } from "../router";
import { Answered, Empty } from "../ui/States";
import { useTitle } from "../util/hooks";

const FILTERS = [["", "All"], ["Building", "Running"], ["Waiting", "Waiting"], ["Fail", "Failed"], ["Success", "Succeeded"], ["Stopped", "Stopped"]] as const;

export function Home() {
  const [query, set] = useQueryState();
  const status = query.get("status") ?? "";
  const runs = useQuery(queries.recent(200));
  useTitle("Runs");
  return (
    <>
      <PageHead title="Runs" note="The newest runs of all projects you may read" />
      <div className="segments" role="group" aria-label="Filter by status">
        {FILTERS.map(([value, text]) => (
          <button key={value} type="button" aria-pressed={status === value} onClick={() => set({ status: value || undefined })}>{text}</button>
        ))}
      </div>
      <Answered query={runs} rows={8}>
        {(all) => {
          const shown = status ? all.filter((r) => r.status === status) : all;
          if (all.length === 0) return <><Empty title="Nothing has run yet" /><FirstSteps /></>;
          if (shown.length === 0) return <Empty title="No run of the last 200 has this status"><button type="button" className="link" onClick={() => set({ status: undefined })}>Show all</button></Empty>;
          return <RunTable key={status} count={shown.length} run={(i) => shown[i]} withWorkflow />;
        }}
      </Answered>
    </>
  );
}
