import { Autocomplete } from "@base-ui/react/autocomplete";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
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

/** Of one kind at most so many, so that none hides the others. */
const MOST = 8;
/** Of what the server finds by name. */
const NAMED = 30;

/** Search over everything, by keyboard: type, arrows, Enter. */
export function CommandPalette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  // What is asked of the server waits for a pause in typing; what is known here answers at once.
  const word = text.trim();
  const wanted = useMemo(() => words(word), [word]);
  const asked = useSettled(word, 120);
  const found = useQuery({ ...queries.search(asked), placeholderData: keepPreviousData });
  const recent = useQuery(queries.recent(50));
  const queue = useQuery(queries.queue());
  const hatcheries = useQuery(queries.hatcheries());
  const entries = useMemo(() => {
    const runs = (recent.data ?? []).map(ofRun);
    const known = new Set(runs.map((r) => r.key));
    const named = (found.data ?? []).map(ofHit).filter((e) => !known.has(e.key));
    if (wanted.length === 0) return [...runs.slice(0, MOST), ...PAGES];
    const jobs = (queue.data ?? []).map(ofJob);
    const fleet = (hatcheries.data ?? []).map(ofHatchery);
    const best = (all: Entry[], most: number) =>
      all
        .filter((e) => fits(`${fullName(e)} ${e.note} ${e.kind}`, wanted))
        .sort((x, y) => rank(fullName(x), wanted) - rank(fullName(y), wanted))
        .slice(0, most);
    // Of what was found for other words, what fits these.
    return [...(found.isPlaceholderData || asked !== word ? best(named, NAMED) : named.slice(0, NAMED)), ...best(runs, MOST), ...best(jobs, MOST), ...best(fleet, MOST), ...best(PAGES, MOST)];
  }, [wanted, asked, word, found.data, found.isPlaceholderData, recent.data, queue.data, hatcheries.data]);
  const open = (entry: Entry) => {
    onClose();
    void navigate(entry.to);
  };
  return (
    <Dialog title="Search" onClose={onClose} className="palette">
      {/* What fits is found above and on the server; here it is only chosen from. */}
      <Autocomplete.Root open inline items={entries} filter={null} autoHighlight="always" keepHighlight value={text} onValueChange={(next, { reason }) => reason !== "item-press" && setText(next)} itemToStringValue={fullName}>
        <Autocomplete.Input aria-label="Search projects, workflows, runs" placeholder="Project, workflow, run #, pipeline, job, hatchery…" spellCheck={false} />
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
        <Autocomplete.Empty className="muted palette-none">{found.isFetching || asked !== word ? "Searching…" : `Nothing is called “${word}”.`}</Autocomplete.Empty>
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

function ofHit(h: SearchHit): Entry {
  return {
    key: h.number ? runKey(h.project_key, h.name, h.number) : `${h.kind}/${h.project_key}/${h.name}`,
    to: placeOf(h),
    kind: h.kind,
    name: h.name,
    mark: h.number ? `#${h.number}` : undefined,
    note: [h.project_key, h.description].filter(Boolean).join(" · "),
  };
}

const runKey = (project: string, workflow: string, number: number) => `run/${project}/${workflow}/${number}`;

function placeOf(h: SearchHit): Place {
  switch (h.kind) {
    case "workflow":
      return paths.workflow(h.project_key, h.name);
    case "pipeline":
      return paths.pipeline(h.project_key, h.name);
    case "application":
      return paths.application(h.project_key, h.name);
    case "environment":
      return paths.environment(h.project_key, h.name);
    case "run":
      return paths.run(h.project_key, h.name, h.number ?? 0);
    default:
      return paths.project(h.project_key || h.name);
  }
}

function ofRun(r: RunBrief): Entry {
  const branch = r.tags.find((t) => t.tag === "git.branch")?.value;
  const others = r.tags.filter((t) => t.tag !== "git.branch").map((t) => t.value);
  return {
    key: runKey(r.project_key, r.workflow_name, r.number),
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
