// Rows that are all here: TanStack Table sorts and filters them, this draws them as a table; lists draw theirs themselves.
import { columnFilteringFeature, createFilteredRowModel, createSortedRowModel, globalFilteringFeature, rowSortingFeature, type RowData, type SortingState, tableFeatures, useTable } from "@tanstack/react-table";
import { type ReactNode, useMemo, useState } from "react";
import { compare, type Sortable } from "../model/compare";

const features = tableFeatures({
  rowSortingFeature,
  columnFilteringFeature,
  globalFilteringFeature,
  sortedRowModel: createSortedRowModel(),
  filteredRowModel: createFilteredRowModel(),
});

export interface Column<T, C = undefined> {
  id: string;
  /** Heading; hidden if it begins with a dot. */
  head: string;
  /** What the rows are sorted by; without, they are not. */
  value?: (row: T) => Sortable;
  cell?: (row: T, context: C) => ReactNode;
  className?: string;
}

interface Options<T extends RowData, C> {
  rows: T[];
  /** Always the same ones. */
  columns: readonly Column<T, C>[];
  /** The text of a row in which `word` is looked for. */
  text?: (row: T) => string;
  word?: string;
  sort?: SortingState;
  onSort?: (next: SortingState) => void;
}

/** Rows as they are sorted and filtered; without a sort in the order they came. */
export function useRows<T extends RowData, C>({ rows, columns, text, word = "", sort, onSort }: Options<T, C>) {
  const [own, setOwn] = useState<SortingState>([]);
  const sorting = sort ?? own;
  const table = useTable({
    features,
    data: rows,
    columns: useMemo(
      () => [
        ...columns.map((c) => ({
          id: c.id,
          header: c.head,
          accessorFn: c.value ?? (() => undefined),
          enableSorting: c.value !== undefined,
          enableGlobalFilter: false,
          sortUndefined: "last" as const,
          sortFn: (a: { getValue: (id: string) => unknown }, b: { getValue: (id: string) => unknown }, id: string) => compare(a.getValue(id) as Sortable, b.getValue(id) as Sortable),
        })),
        { id: TEXT, header: "", accessorFn: (row: T) => text?.(row).toLowerCase() ?? "", enableSorting: false, enableGlobalFilter: true },
      ],
      [columns, text],
    ),
    state: { sorting, globalFilter: word.toLowerCase() },
    onSortingChange: (next) => (onSort ?? setOwn)(typeof next === "function" ? next(sorting) : next),
    getColumnCanGlobalFilter: (column) => column.id === TEXT,
    globalFilterFn: (row, id, wanted) => row.getValue<string>(id).includes(String(wanted)),
  });
  return { table, shown: table.getRowModel().rows };
}

/** Not a column that is seen. */
const TEXT = ".text";

interface Props<T extends RowData, C> extends Options<T, C> {
  /** What the table holds, for who does not see it. */
  label: string;
  rowKey: (row: T) => string | number;
  /** What cells need besides their row. */
  context: C;
}

/** A table whose headings sort it: up, down, as it came. It scrolls sideways by itself, also by keyboard. */
export function DataTable<T extends RowData, C = undefined>({ label, rowKey, context, ...options }: Props<T, C>) {
  const { table, shown } = useRows(options);
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {options.columns.map((c) => {
              const column = table.getColumn(c.id);
              const sorted = column?.getIsSorted();
              if (!column?.getCanSort()) return <th key={c.id}>{c.head.startsWith(".") ? <span className="sr">{c.head.slice(1)}</span> : c.head}</th>;
              return (
                <th key={c.id} aria-sort={sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : undefined}>
                  <button type="button" className="sort" onClick={() => column.toggleSorting()}>
                    {c.head}
                    <i className={sorted || "none"} aria-hidden="true" />
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={rowKey(row.original)}>
              {options.columns.map((c) => <td key={c.id} className={c.className}>{c.cell ? c.cell(row.original, context) : c.value?.(row.original)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
