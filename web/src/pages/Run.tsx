import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Failure } from "../api/client";
import { queries } from "../api/queries";
import { RunAnswer } from "../components/RunAnswer";
import { RunAside } from "../components/RunAside";
import { NodePanel } from "../components/NodePanel";
import RunGraph from "../components/RunGraph";
import { RunHead } from "../components/RunHead";
import { Gates, Waits } from "../components/RunNews";
import { ArtifactsTab, ChangesTab, InfosTab, TestsTab } from "../components/RunTabs";
import { StartDialog } from "../components/StartDialog";
import { WentWrong } from "../components/WentWrong";
import { missingOfRun } from "../model/addressed";
import { canStart, canStop } from "../model/can";
import { failedJobs, faultsOf, wrongText } from "../model/failures";
import { newsElsewhere, opening } from "../model/opening";
import { runView } from "../model/runView";
import type { RunSearch, RunTab } from "../model/search";
import { isFinal, label } from "../model/status";
import type { Run } from "../model/types";
import { shownStatus } from "../model/waits";
import { Button } from "../ui/Button";
import { Tabs } from "../ui/Tabs";
import { RUN } from "../util/acts";
import { useFault, useFavicon, useFocusKept, useTitle } from "../util/hooks";
import { useLeft } from "../util/left";
import { useNodeActs } from "../util/nodeActs";
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
  return <RunAnswer query={run} projectKey={key} workflow={workflow} number={number} rows={6}>{(data) => <RunView key={data.id} run={data} />}</RunAnswer>;
}

/** Of a node that is shown, at least so much must be in view. */
const LEAST_SHOWN = 320;

/** What a click on a node changes stands below the graph: where that is out of view, it comes into it. */
function useBring(of: RefObject<HTMLElement | null>): () => void {
  const [wishes, setWishes] = useState(0);
  useEffect(() => {
    if (wishes === 0 || !of.current) return;
    const { top } = of.current.getBoundingClientRect();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (innerHeight - top < LEAST_SHOWN) scrollBy({ top: top - Math.max(8, innerHeight - 2 * LEAST_SHOWN), behavior: calm ? "auto" : "smooth" });
  }, [of, wishes]);
  return useCallback(() => setWishes((n) => n + 1), []);
}

function RunView({ run }: { run: Run }) {
  const key = run.project_key;
  const number = String(run.number);
  const definition = useQuery(queries.workflow(key, run.workflow_name));
  const tests = useQuery(queries.tests(key, run.workflow_name, number));
  const artifacts = useQuery(queries.artifacts(key, run.workflow_name, number));
  const unread = useFault(definition);
  const level = definition.data?.permission ?? (unread ? null : undefined);
  const view = useMemo(() => runView(run), [run]);
  const status = useMemo(() => shownStatus(run, view), [run, view]);
  const failed = useMemo(() => failedJobs(view), [view]);
  const faults = useMemo(() => faultsOf(run, view), [run, view]);
  const wrong = failed.length + faults.length;
  const search: RunSearch = useSearch({ strict: false });
  const set = useSetSearch<RunSearch>();
  const navigate = useNavigate();
  const { id } = useParams({ strict: false });
  const chosen = search.node ?? search.name ?? run.node_runs.find((n) => String(n.id) === id)?.node;
  const missing = missingOfRun(run, { ...search, id });
  // Chosen as the page opens: what is looked at stays, and where there is news elsewhere, that is said.
  const now = opening(view, wrong);
  const [opened, setOpened] = useState(now);
  if (opened.node === undefined && now.node !== undefined) setOpened(now);
  const selected = chosen ?? opened.node;
  const asked = search.tab ?? (chosen === undefined ? opened.tab : "jobs");
  // What went wrong may run again, while somebody reads of it.
  const wentWrong = useRef(false);
  wentWrong.current ||= wrong > 0;
  const tab = asked === "failures" && !wentWrong.current ? "jobs" : asked;
  const news = chosen === undefined ? newsElsewhere(view, now, { node: selected, tab }) : undefined;
  // Its room is kept while there may be news: buttons must not move under a hand.
  const [mayCome] = useState(!isFinal(run.status));
  const details = useRef<HTMLDivElement>(null);
  const bring = useBring(details);
  // `true` = a new run like this one, a name = this node again; `false` = put away.
  const [asking, setAsking] = useState<boolean | string>();
  const left = useLeft();
  const dialog = asking ?? (left && (left.from ?? true));
  useFocusKept();
  useTitle(`${label(status)}: ${run.workflow_name} #${number}`);
  useFavicon(status);

  const select = useCallback(
    (node: string) => {
      set({ node, name: undefined, exec: undefined, tab: undefined });
      bring();
    },
    [bring, set],
  );
  const { busy, restart, stop } = useNodeActs(run, view, (node) => {
    // An old execution that is looked at gives way to the one that was asked for.
    if (chosen !== node) return;
    if (id === undefined) set({ exec: undefined });
    else void navigate({ ...paths.run(key, run.workflow_name, run.number, node), replace: true, resetScroll: false });
  });
  const open = (tab: RunTab) => {
    set({ tab, node: chosen });
    bring();
    details.current?.querySelector<HTMLElement>(`[data-tab=${tab}]`)?.focus({ preventScroll: true });
  };
  const ko = tests.data?.ko ?? 0;

  return (
    <>
      <RunHead
        run={run}
        view={view}
        status={status}
        wrong={wrongText(failed.length, faults)}
        onWrong={() => {
          open("failures");
        }}
        actions={
          <>
            <Button kind="danger" can={canStop(run, level)} busy={busy.has(RUN)} onClick={() => stop()}>Stop</Button>
            <Button can={canStart(level)} onClick={() => setAsking(true)}>Run again…</Button>
          </>
        }
      />
      <Gates run={run} view={view} level={level} busy={busy} onApprove={(node) => restart(node, false)} onApproveWith={setAsking} onSelect={select} />
      {status === "Waiting" && <Waits run={run} view={view} onSelect={select} />}
      {missing && <p className="why wait off-address" role="status">{missing}</p>}
      <section className="card graph-card" aria-label="Graph of the run">
        <RunGraph nodes={run.nodes} view={view} selected={selected} onSelect={select} />
      </section>
      <div ref={details}>
        {(news || (mayCome && chosen === undefined)) && (
          <p className="elsewhere">
            {news && <button type="button" className="link" onClick={() => { setOpened(now); open(now.tab); }}>{news}: show it</button>}
          </p>
        )}
        <Tabs
          label="Details of the run"
          value={tab}
          onChange={(id) => set({ tab: id, node: chosen })}
          tabs={[
            ...(wrong > 0 || tab === "failures" ? [{ id: "failures" as const, label: "What went wrong", count: wrong || undefined, tone: "bad" as const }] : []),
            { id: "jobs", label: "Jobs" },
            { id: "tests", label: "Tests", count: tests.data?.total ? (ko ? `${ko} failed` : tests.data.total) : undefined, tone: ko ? "bad" : undefined },
            { id: "artifacts", label: "Artifacts", count: artifacts.data?.length || undefined },
            { id: "changes", label: "Changes" },
            { id: "infos", label: "What happened" },
          ]}
        >
          {tab === "failures" && <WentWrong run={run} failed={failed} faults={faults} />}
          {tab === "jobs" && selected && <NodePanel key={selected} run={run} view={view.nodes.get(selected)} whole={view} level={level} busy={busy.has(selected)} onRestart={restart} onRestartWith={setAsking} onStop={stop} />}
          {tab === "tests" && <TestsTab query={tests} view={view} />}
          {tab === "artifacts" && <ArtifactsTab run={run} query={artifacts} />}
          {tab === "changes" && <ChangesTab run={run} />}
          {tab === "infos" && <InfosTab run={run} />}
        </Tabs>
      </div>
      {dialog && canStart(level).ok && (
        <StartDialog
          // A new run is one of today's workflow.
          workflow={{ name: run.workflow_name, project_key: key, nodes: (dialog === true && definition.data?.nodes) || run.nodes }}
          before={run}
          from={dialog === true ? undefined : dialog}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
