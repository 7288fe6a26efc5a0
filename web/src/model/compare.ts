export type Sortable = string | number | undefined;

const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** Numbers by size, words as people sort them (`job-9` before `job-10`), numbers before words. */
export function compare(a: Sortable, b: Sortable): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "number") return -1;
  if (typeof b === "number") return 1;
  return words.compare(a ?? "", b ?? "");
}
