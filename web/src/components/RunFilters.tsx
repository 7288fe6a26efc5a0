import { useSearch } from "@tanstack/react-router";
import { useId } from "react";
import type { HistoryFilter } from "../api/history";
import { useSetSearch } from "../util/search";

/** What the address says of a list of runs. */
export function useRunFilter(): [HistoryFilter, (change: Partial<HistoryFilter>) => void] {
  const { status = "", branch = "", author = "", tag = "" } = useSearch({ strict: false });
  return [{ status, branch, author, tag }, useSetSearch()];
}

export const NO_FILTER: HistoryFilter = { status: "", branch: "", author: "", tag: "" };
export const isFiltered = (filter: HistoryFilter) => Object.values(filter).some(Boolean);

interface FieldProps {
  label: string;
  value: string;
  placeholder: string;
  /** What others have; anything else may be written too. */
  known: readonly string[];
  onChange: (value: string) => void;
}

/** A filter that is written: it holds from Enter, from a choice, or when the field is left; an emptied field lifts it. */
export function FilterField({ label, value, placeholder, known, onChange }: FieldProps) {
  const id = useId();
  const take = (text: string) => text.trim() !== value && onChange(text.trim());
  return (
    <label>{label}
      <input
        type="search"
        list={id}
        placeholder={placeholder}
        defaultValue={value}
        key={value}
        autoComplete="off"
        spellCheck={false}
        // A choice from the list is not typed, it is there at once.
        onChange={(e) => (e.target.value === "" || known.includes(e.target.value)) && !(e.nativeEvent instanceof InputEvent && e.nativeEvent.inputType === "insertText") && take(e.target.value)}
        onKeyDown={(e) => e.key === "Enter" && take(e.currentTarget.value)}
        onBlur={(e) => take(e.target.value)}
      />
      <datalist id={id}>{known.map((k) => <option key={k} value={k} />)}</datalist>
    </label>
  );
}
