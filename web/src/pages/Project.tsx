import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { isGone } from "../api/client";
import { queries } from "../api/queries";
import { FirstSteps } from "../components/FirstSteps";
import { PageHead } from "../components/PageHead";
import { PageProblem } from "../components/PageProblem";
import { RunHistory } from "../components/RunHistory";
import { ROW, ROW_NARROW } from "../components/RunTable";
import { StatusIcon } from "../components/Status";
import { about } from "../model/about";
import { canStart } from "../model/can";
import { type ProjectSearch, WORKFLOW_ORDERS } from "../model/search";
import { label } from "../model/status";
import { ago } from "../model/time";
import type { RunBrief, Workflow } from "../model/types";
import { briefStatus } from "../model/waits";
import { Button } from "../ui/Button";
import { Link } from "../ui/Link";
import { Select } from "../ui/Select";
import { Answered, Empty } from "../ui/States";
import { Tabs } from "../ui/Tabs";
import { type Column, useRows } from "../ui/table";
import { NARROW, useAgo, useFault, useMedia, useTitle } from "../util/hooks";
import { paths } from "../util/paths";
import { useSetSearch } from "../util/search";

const route = getRouteApi("/project/$key");

export function ProjectPage() {
  const { key: projectKey } = route.useParams();
  const { list } = route.useSearch();
  const set = useSetSearch();
  const project = useQuery(queries.project(projectKey));
  const workflows = useQuery(queries.workflows(projectKey));
  const fault = useFault(workflows);
  const missing = fault && (!workflows.data || isGone(fault)) ? fault : undefined;
  useTitle(missing ? undefined : (project.data?.name ?? projectKey));
  if (missing) return <PageProblem title={projectKey} crumbs={[{ to: paths.projects(), text: "Projects" }]} error={missing} was={workflows.data && "This project"} retry={() => void workflows.refetch()} />;
  return (
    <>
      <PageHead
        crumbs={[{ to: paths.projects(), text: "Projects" }]}
        title={project.data?.name ?? projectKey}
        note={project.data?.description || projectKey}
      />
      <Answered query={workflows} rows={6}>
        {(all) =>
          all.length === 0 ? (
            <>
              <Empty title="No workflow yet" />
              {(project.data?.permission ?? 0) >= 7 ? <FirstSteps projectKey={projectKey} /> : <p className="muted">Somebody with the permission to write (level 7) has to push one.</p>}
            </>
          ) : (
            <Tabs
              label="What is shown of the project"
              tabs={[{ id: "workflows", label: "Workflows", count: all.length }, { id: "runs", label: "Runs" }]}
              value={list ?? "workflows"}
              onChange={(id) => set({ list: id === "runs" ? id : undefined })}
            >
              {list === "runs" ? <RunHistory project={projectKey} none={<Empty title="Nothing has run yet"><p>Start a run in the list of its workflows.</p></Empty>} /> : <WorkflowList workflows={all} />}
            </Tabs>
          )
        }
      </Answered>
    </>
  );
}

/** What the last run was made of. */
function Made({ run }: { run: RunBrief }) {
  const { branch, hash, wholeHash, message, author } = about(run);
  return (
    <>
      {branch && <span className="chip branch" title={branch}>{branch}</span>}
      {hash && <code className="run-hash" title={wholeHash}>{hash}</code>}
      <span className="muted small">{author}</span>
      {message && <span className="run-about small" title={message}>{message}</span>}
    </>
  );
}

const ORDERS = [{ value: "", label: "As they come" }, { value: "name", label: "Name" }, { value: "run", label: "Last run" }, { value: "status", label: "Status" }, { value: "changed", label: "Last changed" }];
const COLUMNS: Column<Workflow>[] = [
  { id: "name", head: "Name", value: (w) => w.name },
  { id: "run", head: "Last run", value: (w) => w.last_run?.start ?? undefined },
  { id: "status", head: "Status", value: (w) => (w.last_run ? label(briefStatus(w.last_run)) : undefined) },
  { id: "changed", head: "Last changed", value: (w) => w.last_modified },
];
const textOf = (w: Workflow) => `${w.name} ${w.description}`;

/** Ten thousand rows are no problem: only those in view exist. */
function WorkflowList({ workflows }: { workflows: Workflow[] }) {
  const search = route.useSearch();
  const set = useSetSearch<ProjectSearch>();
  const order = search.order ?? "";
  // The address follows what is typed, and leads where nobody types.
  const [word, setWord] = useState(search.word ?? "");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (document.activeElement !== field.current) setWord(search.word ?? "");
  }, [search.word]);
  const look = (next: string) => {
    setWord(next);
    set({ word: next || undefined });
  };
  const sort = useMemo(() => (order ? [{ id: order, desc: order === "run" || order === "changed" }] : []), [order]);
  const { shown } = useRows({ rows: workflows, columns: COLUMNS, text: textOf, word: useDeferredValue(word), sort });
  const ref = useRef<HTMLDivElement>(null);
  const row = useMedia(NARROW) ? ROW_NARROW : ROW;
  const list = useVirtualizer({ count: shown.length, getScrollElement: () => ref.current, estimateSize: () => row, overscan: 10 });
  useLayoutEffect(() => list.measure(), [list, row]);
  const newest = useMemo(() => workflows.map((w) => w.last_run?.start ?? w.last_modified).sort().at(-1), [workflows]);
  const now = useAgo(newest);
  const navigate = useNavigate();
  return (
    <>
      <div className="filters">
        <input ref={field} className="filter" type="search" aria-label="Filter workflows" placeholder={`Filter ${workflows.length} workflows`} value={word} onChange={(e) => look(e.target.value)} />
        <Select label="Order" className="inline" value={order} choices={ORDERS} onChange={(to) => set({ order: WORKFLOW_ORDERS.find((o) => o === to) })} />
      </div>
      <div ref={ref} className="scroller" style={{ height: `min(${Math.max(1, shown.length) * row + 2}px, calc(100vh - 15rem))` }} tabIndex={-1}>
        <ul className="runs" style={{ height: list.getTotalSize() }}>
          {list.getVirtualItems().map((item) => {
            const w = shown[item.index]?.original;
            if (!w) return null;
            return (
              <li key={w.name} className="row-with-action" style={{ transform: `translateY(${item.start}px)` }}>
                <Link {...paths.workflow(w.project_key, w.name)} className="run-row">
                  <StatusIcon status={w.last_run ? briefStatus(w.last_run) : ""} size={20} />
                  <span className="run-name">
                    <strong>{w.name}</strong>
                    <span className="muted small">{w.description || "No description"}</span>
                  </span>
                  <span className="run-tags">{w.last_run && <Made run={w.last_run} />}</span>
                  <span className="run-times">
                    {w.last_run && <span className="small">{label(briefStatus(w.last_run))} #{w.last_run.number}</span>}
                    <span className="muted small">{w.last_run ? ago(w.last_run.start, now) : `changed ${ago(w.last_modified, now)}`}</span>
                  </span>
                </Link>
                <span className="row-action">
                  <Button can={canStart(w.permission)} aria-label={`Start ${w.name}`} onClick={() => void navigate(paths.workflow(w.project_key, w.name, true))}>Start</Button>
                </span>
              </li>
            );
          })}
        </ul>
      </div>
      {shown.length === 0 && <Empty title={`No workflow is called “${word}”`}><button type="button" className="link" onClick={() => look("")}>Show all</button></Empty>}
    </>
  );
}
