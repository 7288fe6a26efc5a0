import { Autocomplete } from "@base-ui/react/autocomplete";
import { keepPreviousData, useQueries, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { queries } from "../api/queries";
import { fits, rank, words } from "../model/find";
import { label } from "../model/status";
import type { Hatchery, QueueJob, RunBrief, SearchHit } from "../model/types";
import { briefStatus } from "../model/waits";
import { Dialog } from "../ui/Dialog";
import { useSettled } from "../util/hooks";
import { paths, type Place } from "../util/paths";

interface Entry {
  key: string;
  to: Place;
  kind: string;
  name: string;
  /** What tells it from others of its name, and stays in view however long that is. */
  mark?: string;
  note: string;
}

/** More words than this tell no more names apart. */
const WORDS = 4;
/** Of one kind at most so many, so that none hides the others. */
const MOST = 8;

/** Search over everything, by keyboard: type, arrows, Enter. */
export function CommandPalette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  // What is asked of the server waits for a pause in typing; what is known here answers at once.
  const word = text.trim();
  const wanted = useMemo(() => words(word), [word]);
  const asked = useSettled(word, 120);
  // The server looks for one text in one name: it is asked for each word, and what fits them all is found here.
  const { hits, searching } = useQueries({
    queries: words(asked).slice(0, WORDS).map((w) => ({ ...queries.search(w), placeholderData: keepPreviousData })),
    combine: together,
  });
  const recent = useQuery(queries.recent(50));
  const queue = useQuery(queries.queue());
  const hatcheries = useQuery(queries.hatcheries());
  const entries = useMemo(() => {
    const named = hits.map(ofHit);
    const runs = (recent.data ?? []).map(ofRun);
    if (wanted.length === 0) return [...runs.slice(0, MOST), ...PAGES];
    const jobs = (queue.data ?? []).map(ofJob);
    const fleet = (hatcheries.data ?? []).map(ofHatchery);
    const best = (all: Entry[], most: number) =>
      all
        .filter((e) => fits(`${fullName(e)} ${e.note} ${e.kind}`, wanted))
        .sort((x, y) => rank(fullName(x), wanted) - rank(fullName(y), wanted))
        .slice(0, most);
    return [...best(named, 30), ...best(runs, MOST), ...best(jobs, MOST), ...best(fleet, MOST), ...best(PAGES, MOST)];
  }, [wanted, hits, recent.data, queue.data, hatcheries.data]);
  const open = (entry: Entry) => {
    onClose();
    void navigate(entry.to);
  };
  return (
    <Dialog title="Search" onClose={onClose} className="palette">
      {/* What fits is found above and on the server; here it is only chosen from. */}
      <Autocomplete.Root open inline items={entries} filter={null} autoHighlight="always" keepHighlight value={text} onValueChange={(next, { reason }) => reason !== "item-press" && setText(next)} itemToStringValue={fullName}>
        <Autocomplete.Input aria-label="Search projects, workflows, runs" placeholder="Project, workflow, pipeline, run, job, hatchery…" spellCheck={false} />
        <Autocomplete.List aria-label="Found" className="palette-list">
          {(entry: Entry) => (
            <Autocomplete.Item key={entry.key} value={entry} className="option" onClick={() => open(entry)}>
              <span className="palette-kind">{entry.kind}</span>
              <strong title={entry.name}>{entry.name}</strong>
              {entry.mark && <span className="palette-mark">{entry.mark}</span>}
              <span className="muted">{entry.note}</span>
            </Autocomplete.Item>
          )}
        </Autocomplete.List>
        <Autocomplete.Empty className="muted palette-none">{searching || asked !== word ? "Searching…" : `Nothing is called “${word}”.`}</Autocomplete.Empty>
      </Autocomplete.Root>
    </Dialog>
  );
}

const fullName = (e: Entry) => (e.mark ? `${e.name} ${e.mark}` : e.name);

const PAGES: Entry[] = [
  { key: "/", to: paths.home(), kind: "page", name: "Runs", note: "Last runs" },
  { key: "/projects", to: paths.projects(), kind: "page", name: "Projects", note: "" },
  { key: "/queue", to: paths.queue(), kind: "page", name: "Queue", note: "What waits, and why" },
  { key: "/fleet", to: paths.fleet(), kind: "page", name: "Workers", note: "Workers and hatcheries" },
  { key: "/account", to: paths.account(), kind: "page", name: "Your account", note: "Password, sessions, API tokens" },
];

/** What was found for any of the words, each once. */
function together(answers: UseQueryResult<SearchHit[]>[]): { hits: SearchHit[]; searching: boolean } {
  const all = new Map(answers.flatMap((a) => a.data ?? []).map((h) => [`${h.kind}/${h.project_key}/${h.name}`, h]));
  return { hits: [...all.values()], searching: answers.some((a) => a.isFetching) };
}

function ofHit(h: SearchHit): Entry {
  return {
    key: `${h.kind}/${h.project_key}/${h.name}`,
    to: placeOf(h),
    kind: h.kind,
    name: h.name,
    note: h.kind === "project" ? h.project_key : [h.project_key, h.description].filter(Boolean).join(" · "),
  };
}

function placeOf(h: SearchHit): Place {
  switch (h.kind) {
    case "workflow":
      return paths.workflow(h.project_key, h.name);
    case "pipeline":
      return paths.pipeline(h.project_key, h.name);
    case "application":
      return paths.application(h.project_key, h.name);
    default:
      return paths.project(h.project_key || h.name);
  }
}

function ofRun(r: RunBrief): Entry {
  const branch = r.tags.find((t) => t.tag === "git.branch")?.value;
  const others = r.tags.filter((t) => t.tag !== "git.branch").map((t) => t.value);
  return {
    key: r.id,
    to: paths.run(r.project_key, r.workflow_name, r.number),
    kind: "run",
    name: r.workflow_name,
    mark: `#${r.number}`,
    note: [label(briefStatus(r)), r.project_key, branch ?? r.triggered_by, ...others].join(" · "),
  };
}

function ofJob(j: QueueJob): Entry {
  return {
    key: `${j.job}.${j.attempt}`,
    to: paths.job(j.project_key, j.workflow_name, j.number, j.job.slice(j.job.lastIndexOf(".") + 1)),
    kind: "job",
    name: j.name,
    note: [label(j.status), j.project_key, `${j.workflow_name} #${j.number}`, j.node].join(" · "),
  };
}

function ofHatchery(h: Hatchery): Entry {
  return { key: `hatchery/${h.id}`, to: paths.fleet(), kind: "hatchery", name: h.name, note: [h.model_type, h.offer.os_arch, h.offer.region].filter(Boolean).join(" · ") };
}
