import { useQuery } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useRef, useState } from "react";
import { Failure } from "../api/client";
import { queries, startRun, stopRun } from "../api/queries";
import { RunAside } from "../components/RunAside";
import { NodePanel } from "../components/NodePanel";
import { PageHead } from "../components/PageHead";
import RunGraph from "../components/RunGraph";
import { ArtifactsTab, ChangesTab, InfosTab, TestsTab } from "../components/RunTabs";
import { StartDialog } from "../components/StartDialog";
import { StatusBadge, StatusIcon } from "../components/Status";
import { WentWrong } from "../components/WentWrong";
import { canStart, canStop } from "../model/can";
import { runDuration, runView } from "../model/runView";
import type { RunSearch } from "../model/search";
import { isFinal, label } from "../model/status";
import { ago, duration } from "../model/time";
import type { Run } from "../model/types";
import { Button } from "../ui/Button";
import { Answered } from "../ui/States";
import { Tabs } from "../ui/Tabs";
import { report, toast } from "../ui/toast";
import { useFavicon, useNow, useTitle } from "../util/hooks";
import { paths } from "../util/paths";
import { useSetSearch } from "../util/search";

export default function RunPage() {
  const { key, workflow, number } = useParams({ from: "/project/$key/workflow/$workflow/run/$number" });
  const run = useQuery(queries.run(key, workflow, number));
  // The server knows the run and can't read it: that is the one conflict there is in reading. It holds while it is read again.
  const aside = useRef<Failure>(undefined);
  if (run.error) aside.current = run.error instanceof Failure && run.error.status === 409 ? run.error : undefined;
  else if (run.data) aside.current = undefined;
  if (aside.current) return <RunAside projectKey={key} workflow={workflow} number={number} why={aside.current} />;
  return <Answered query={run} rows={6}>{(data) => <RunView run={data} />}</Answered>;
}

const tagOf = (run: Run, name: string) => run.tags.find((t) => t.tag === name)?.value;

function RunView({ run }: { run: Run }) {
  const key = run.project_key;
  const number = String(run.number);
  const definition = useQuery(queries.workflow(key, run.workflow_name));
  const tests = useQuery(queries.tests(key, run.workflow_name, number));
  const artifacts = useQuery(queries.artifacts(key, run.workflow_name, number));
  const level = definition.data?.permission;
  const view = useMemo(() => runView(run), [run]);
  const search: RunSearch = useSearch({ strict: false });
  const set = useSetSearch<RunSearch>();
  const selected = search.node ?? search.name ?? view.focus;
  const tab = search.tab ?? "jobs";
  // `true` = a new run like this one, a name = this node again.
  const [dialog, setDialog] = useState<true | string>();
  const [busy, setBusy] = useState(false);
  const now = useNow(!isFinal(run.status));
  const ms = runDuration(run, now);
  useTitle(`${label(run.status)}: ${run.workflow_name} #${number}`);
  useFavicon(run.status);

  const act = (action: Promise<unknown>, done: string) => {
    setBusy(true);
    action.then(() => toast(done)).catch(report).finally(() => setBusy(false));
  };
  const restart = (node: string, onlyFailed: boolean) =>
    act(startRun(key, run.workflow_name, { number: run.number, from_nodes: [node], only_failed_jobs: onlyFailed }), onlyFailed ? `The failed jobs of ${node} run again` : `${node} runs again`);
  const failed = tests.data?.ko ?? 0;

  return (
    <>
      <PageHead
        crumbs={[
          { to: paths.projects(), text: "Projects" },
          { to: paths.project(key), text: key },
          { to: paths.workflow(key, run.workflow_name), text: run.workflow_name },
        ]}
        before={<StatusIcon status={run.status} size={36} />}
        title={<>{run.workflow_name} <span className="number">#{number}</span></>}
        note={
          <span className="facts">
            <StatusBadge status={run.status} />
            {ms !== undefined && <span>{duration(ms)}</span>}
            <time dateTime={run.start} title={run.start}>{ago(run.start, now)}</time>
            <span>by {run.triggered_by}</span>
            {tagOf(run, "git.branch") && <span className="chip branch">{tagOf(run, "git.branch")}</span>}
          </span>
        }
        actions={
          <>
            <Button kind="danger" can={canStop(run, level)} busy={busy && !isFinal(run.status)} onClick={() => act(stopRun(key, run.workflow_name, number), "The run is stopping")}>Stop</Button>
            <Button can={canStart(level)} onClick={() => setDialog(true)}>Run again…</Button>
          </>
        }
      />
      <ul className="tag-line" aria-label="Tags">
        {run.tags.filter((t) => !["git.branch", "triggered_by"].includes(t.tag)).map((t) => <li key={t.tag} className="chip"><span className="muted">{t.tag}</span> {t.value}</li>)}
        {run.version !== number && <li className="chip"><span className="muted">run version</span> {run.version}</li>}
        {run.sub_number > 0 && <li className="chip"><span className="muted">restarted</span> {run.sub_number}×</li>}
      </ul>
      <section className="card graph-card" aria-label="Graph of the run">
        <RunGraph nodes={run.nodes} view={view} selected={selected} onSelect={(node) => set({ node, name: undefined, exec: undefined, tab: undefined })} />
      </section>
      <Tabs
        label="Details of the run"
        value={tab}
        onChange={(id) => set({ tab: id === "jobs" ? undefined : id })}
        tabs={[
          { id: "jobs", label: selected ? `Node ${selected}` : "Node" },
          { id: "tests", label: "Tests", count: tests.data?.total ? (failed ? `${failed} failed` : tests.data.total) : undefined, tone: failed ? "bad" : undefined },
          { id: "artifacts", label: "Artifacts", count: artifacts.data?.length || undefined },
          { id: "changes", label: "Changes" },
          { id: "infos", label: "What happened" },
        ]}
      >
        {tab === "jobs" && <WentWrong run={run} view={view} />}
        {tab === "jobs" && selected && <NodePanel key={selected} run={run} view={view.nodes.get(selected)} level={level} onRestart={restart} onRestartWith={setDialog} onStop={(node) => act(stopRun(key, run.workflow_name, number, node), `${node} is stopping`)} />}
        {tab === "tests" && <TestsTab query={tests} />}
        {tab === "artifacts" && <ArtifactsTab run={run} query={artifacts} />}
        {tab === "changes" && <ChangesTab run={run} />}
        {tab === "infos" && <InfosTab run={run} />}
      </Tabs>
      {dialog && <StartDialog workflow={{ name: run.workflow_name, project_key: key, nodes: run.nodes }} before={run} from={dialog === true ? undefined : dialog} onClose={() => setDialog(undefined)} />}
    </>
  );
}
