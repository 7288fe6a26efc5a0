import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { queries } from "../api/queries";
import { importExample, type Progress } from "../api/examples";
import { Button } from "../ui/Button";
import { paths } from "../util/paths";
import { ProjectDialog } from "./ProjectDialog";

interface Props {
  /** The example goes into this project; else into one of the user's own. */
  projectKey?: string;
  /** Puts the card away, where there is something else to see. */
  onAway?: () => void;
}

/** What a new user sees: the first run is two clicks away. */
export function FirstSteps({ projectKey, onAway }: Props) {
  const me = useQuery(queries.me());
  const client = useQueryClient();
  const navigate = useNavigate();
  const [progress, setProgress] = useState<Progress>();
  const [error, setError] = useState<string>();
  const [making, setMaking] = useState(false);

  async function start() {
    setError(undefined);
    try {
      const { key, workflow } = await importExample(projectKey, me.data?.username ?? "", setProgress);
      await client.invalidateQueries();
      await navigate(paths.workflow(key, workflow, true));
    } catch (e) {
      setError(e instanceof Error ? e.message : String(e));
      setProgress(undefined);
    }
  }

  return (
    <section className="card first-steps" aria-labelledby="first-steps">
      <h2 id="first-steps">Your first run</h2>
      <p className="muted">A small workflow that builds, tests and ships, with colours in its logs, a test report and files. It needs nothing but a shell.</p>
      <ol className="first-list">
        <li><strong>Take the example</strong><span className="muted">{projectKey ? `It is imported into ${projectKey}.` : "A project of your own is made for it."}</span></li>
        <li><strong>Start it</strong><span className="muted">The form comes up with everything filled in.</span></li>
      </ol>
      {error && <p className="error-text" role="alert">{error}</p>}
      <p className="row">
        <Button kind="primary" busy={progress !== undefined} onClick={() => void start()}>{progress ?? "Start from the example"}</Button>
        {!projectKey && <Button onClick={() => setMaking(true)}>Make an empty project…</Button>}
        {onAway && <Button kind="quiet" onClick={onAway}>Not now</Button>}
      </p>
      <details>
        <summary>With files of your own</summary>
        <pre>{`cdsctl login --api-url ${location.origin}\n${projectKey ? "" : 'cdsctl project create KEY "Its name"\n'}cdsctl workflow push ${projectKey ?? "KEY"} .cds/*.yml`}</pre>
      </details>
      {making && <ProjectDialog onClose={() => setMaking(false)} />}
    </section>
  );
}
