import { useQuery } from "@tanstack/react-query";
import { queries } from "../api/queries";
import { FirstSteps } from "../components/FirstSteps";
import { PageHead } from "../components/PageHead";
import { RunHistory } from "../components/RunHistory";
import { NoneSeen } from "../components/NoneSeen";
import { useStored, useTitle } from "../util/hooks";

export function Home() {
  useTitle("Runs");
  return (
    <RunHistory
      head={(count) => (
        <>
          <PageHead title="Runs" note={<>The newest runs of all projects you may read{count > 0 && <span className="count">{count.toLocaleString("en")}</span>}</>} />
          <OwnFirstRun />
        </>
      )}
      none={<><PageHead title="Runs" /><NoneSeen title="Nothing has run yet" /><FirstSteps /></>}
    />
  );
}

/** For who has started nothing yet, where others have; until it is done or put away. */
function OwnFirstRun() {
  const me = useQuery(queries.me()).data;
  const started = useQuery(queries.hasStarted(me?.username ?? "")).data;
  const [away, setAway] = useStored("cds.first-steps.away");
  return started === false && !away ? <FirstSteps onAway={() => setAway(true)} /> : null;
}
