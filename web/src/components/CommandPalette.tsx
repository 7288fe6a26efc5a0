import { Autocomplete } from "@base-ui/react/autocomplete";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { queries } from "../api/queries";
import { Dialog } from "../ui/Dialog";
import { useSettled } from "../util/hooks";
import { paths, type Place } from "../util/paths";

interface Entry {
  key: string;
  to: Place;
  kind: string;
  name: string;
  note: string;
}

/** Search over everything, by keyboard: type, arrows, Enter. */
export function CommandPalette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  // What is asked of the server waits for a pause in typing; what is known here answers at once.
  const word = text.trim();
  const asked = useSettled(word, 120);
  const hits = useQuery({ ...queries.search(asked), placeholderData: (old) => old });
  const recent = useQuery(queries.recent(50));
  const entries = useMemo(() => {
    const low = word.toLowerCase();
    const pages: Entry[] = [
      { key: "/", to: paths.home(), kind: "page", name: "Runs", note: "Last runs" },
      { key: "/projects", to: paths.projects(), kind: "page", name: "Projects", note: "" },
      { key: "/queue", to: paths.queue(), kind: "page", name: "Queue", note: "What waits, and why" },
      { key: "/fleet", to: paths.fleet(), kind: "page", name: "Workers", note: "Workers and hatcheries" },
    ].filter((e) => e.name.toLowerCase().includes(low));
    const found: Entry[] = (word ? (hits.data ?? []) : []).filter((h) => `${h.name} ${h.project_key}`.toLowerCase().includes(low)).map((h) => ({
      key: `${h.kind}/${h.project_key}/${h.name}`,
      to: h.kind === "workflow" ? paths.workflow(h.project_key, h.name) : paths.project(h.kind === "project" ? h.project_key || h.name : h.project_key),
      kind: h.kind,
      name: h.name,
      note: h.kind === "project" ? h.project_key : [h.project_key, h.description].filter(Boolean).join(" · "),
    }));
    const runs: Entry[] = (recent.data ?? [])
      .filter((r) => `${r.workflow_name} #${r.number} ${r.tags.map((t) => t.value).join(" ")}`.toLowerCase().includes(low))
      .slice(0, 8)
      .map((r) => ({
        key: r.id,
        to: paths.run(r.project_key, r.workflow_name, r.number),
        kind: "run",
        name: `${r.workflow_name} #${r.number}`,
        note: `${r.project_key} · ${r.tags.find((t) => t.tag === "git.branch")?.value ?? r.triggered_by} · ${r.status}`,
      }));
    return word ? [...found, ...runs, ...pages] : [...runs, ...pages];
  }, [word, hits.data, recent.data]);
  const open = (entry: Entry) => {
    onClose();
    void navigate(entry.to);
  };
  return (
    <Dialog title="Search" onClose={onClose} className="palette">
      {/* What fits is found above and on the server; here it is only chosen from. */}
      <Autocomplete.Root open inline items={entries} filter={null} autoHighlight="always" keepHighlight value={text} onValueChange={(next, { reason }) => reason !== "item-press" && setText(next)} itemToStringValue={(e: Entry) => e.name}>
        <Autocomplete.Input aria-label="Search projects, workflows, runs" placeholder="Project, workflow, application, run…" spellCheck={false} />
        <Autocomplete.List aria-label="Found" className="palette-list">
          {(entry: Entry) => (
            <Autocomplete.Item key={entry.key} value={entry} className="option" onClick={() => open(entry)}>
              <span className="palette-kind">{entry.kind}</span>
              <strong>{entry.name}</strong>
              <span className="muted">{entry.note}</span>
            </Autocomplete.Item>
          )}
        </Autocomplete.List>
        <Autocomplete.Empty className="muted palette-none">{hits.isFetching || asked !== word ? "Searching…" : `Nothing is called “${word}”.`}</Autocomplete.Empty>
      </Autocomplete.Root>
    </Dialog>
  );
}
