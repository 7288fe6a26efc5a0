import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { queries, stopRun, unparkRun } from "../api/queries";
import type { Failure } from "../api/client";
import { canStart } from "../model/can";
import { isFinal } from "../model/status";
import { Button } from "../ui/Button";
import { report, toast } from "../ui/toast";
import { useTitle } from "../util/hooks";
import { paths } from "../util/paths";
import { PageHead } from "./PageHead";

interface Props {
  projectKey: string;
  workflow: string;
  number: string;
  /** Why its record can't be read, in the server's words. */
  why: Failure;
}

/** In the place of a run whose record can't be read: what can be done with it still. */
export function RunAside({ projectKey, workflow, number, why }: Props) {
  const level = useQuery(queries.workflow(projectKey, workflow)).data?.permission;
  const client = useQueryClient();
  const [busy, setBusy] = useState<"stop" | "unpark">();
  // Lists know its status from its row. What is older than they reach can be stopped in vain, and the server says so.
  const brief = useQuery(queries.runs(projectKey, workflow, { limit: 200 })).data?.find((r) => String(r.number) === number);
  const stopped = brief !== undefined && isFinal(brief.status);
  useTitle(`Set aside: ${workflow} #${number}`);
  const act = (what: "stop" | "unpark", action: () => Promise<void>, done: string) => {
    setBusy(what);
    action()
      .then(async () => {
        toast(done);
        await Promise.all([["run", projectKey, workflow, number], ["runs"], ["queue"]].map((queryKey) => client.invalidateQueries({ queryKey })));
      })
      .catch(report)
      .finally(() => setBusy(undefined));
  };
  const may = stopped ? ({ ok: false, why: "The run has ended already." } as const) : canStart(level);
  return (
    <>
      <PageHead
        crumbs={[
          { to: paths.projects(), text: "Projects" },
          { to: paths.project(projectKey), text: projectKey },
          { to: paths.workflow(projectKey, workflow), text: workflow },
        ]}
        title={<>{workflow} <span className="number">#{number}</span></>}
        note={<span className="chip aside">{stopped ? "Stopped" : "Set aside"}</span>}
        actions={
          <>
            <Button kind="danger" can={may} busy={busy === "stop"} onClick={() => act("stop", () => stopRun(projectKey, workflow, number), "The run is stopped")}>Stop</Button>
            <Button can={may} busy={busy === "unpark"} onClick={() => act("unpark", () => unparkRun(projectKey, workflow, number), "The run goes on")}>Take up again</Button>
          </>
        }
      />
      <div className="empty problem" role="alert">
        <p className="empty-title">{stopped ? "This run was stopped; its record can't be read" : "This run is set aside: its record can't be read"}</p>
        <div className="empty-text">
          <p>{why.message}</p>
          <p>Other runs go on. Stop it here or with <code>{`cdsctl workflow stop ${projectKey} ${workflow} ${number}`}</code>; take it up again once its record is mended.</p>
        </div>
      </div>
    </>
  );
}
