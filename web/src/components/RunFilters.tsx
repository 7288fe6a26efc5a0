import { useSearch } from "@tanstack/react-router";
import type { HistoryFilter } from "../api/history";
import { otherTags } from "../model/about";
import type { RunBrief } from "../model/types";
import { Suggest } from "../ui/Suggest";
import { useSetSearch } from "../util/search";

/** What the address says of a list of runs. */
export function useRunFilter(): [HistoryFilter, (change: Partial<HistoryFilter>) => void] {
  const { status = "", branch = "", author = "", tag = "" } = useSearch({ strict: false });
  return [{ status, branch, author, tag }, useSetSearch()];
}

export const NO_FILTER: HistoryFilter = { status: "", branch: "", author: "", tag: "" };
export const isFiltered = (filter: HistoryFilter) => Object.values(filter).some(Boolean);

/** As many suggestions as anybody looks through. */
const MOST = 50;

interface Props {
  filter: HistoryFilter;
  onChange: (change: Partial<HistoryFilter>) => void;
  /** Runs whose values are suggested. */
  runs: RunBrief[];
  /** Further ones that the server knows of. */
  branches?: string[];
  authors?: string[];
}

/** Branch, author and tag, with what others have as suggestions. */
export function RunFilterFields({ filter, onChange, runs, branches = [], authors = [] }: Props) {
  const values = (...names: string[]) => runs.flatMap((r) => r.tags.filter((t) => names.includes(t.tag)).map((t) => t.value));
  const unique = (all: string[]) => [...new Set(all)];
  const tags = runs.flatMap((r) => otherTags(r).map((t) => `${t.tag}:${t.value}`));
  return (
    <div className="filter-fields">
      <Suggest label="Branch" value={filter.branch} placeholder="main" known={unique([...branches, ...values("git.branch")])} onChange={(branch) => onChange({ branch })} />
      <Suggest label="Author" value={filter.author} placeholder="who" known={unique([...authors, ...values("git.author", "triggered_by")])} onChange={(author) => onChange({ author })} />
      <Suggest label="Tag" value={filter.tag} placeholder="name:value" known={unique(tags).slice(0, MOST)} onChange={(tag) => onChange({ tag })} />
    </div>
  );
}

/** How many runs a filter leaves, for readers of screens. It is there from the beginning, so that it is read aloud; `count`: once it is known. */
export function RunMatches({ filter, count }: { filter: HistoryFilter; count: number | undefined }) {
  const text = count === 1 ? "1 run matches" : `${count?.toLocaleString("en")} runs match`;
  return <p className="sr" role="status">{isFiltered(filter) && count !== undefined ? text : ""}</p>;
}
