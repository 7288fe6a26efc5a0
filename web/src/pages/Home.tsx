import { FirstSteps } from "../components/FirstSteps";
import { PageHead } from "../components/PageHead";
import { RunHistory } from "../components/RunHistory";
import { Empty } from "../ui/States";
import { useTitle } from "../util/hooks";

export function Home() {
  useTitle("Runs");
  return (
    <RunHistory
      head={(count) => <PageHead title="Runs" note={<>The newest runs of all projects you may read{count > 0 && <span className="count">{count.toLocaleString("en")}</span>}</>} />}
      none={<><PageHead title="Runs" /><Empty title="Nothing has run yet" /><FirstSteps /></>}
    />
  );
}
