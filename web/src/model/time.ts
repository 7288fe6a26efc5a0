// Durations and instants in words.

/** `850ms`, `12s`, `3m 05s`, `2h 04m`, `3d 2h`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "";
  if (ms < 0) return "0s";
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const s = Math.floor(ms / 1000);
  if (s < 10) return `${(ms / 1000).toFixed(1)}s`;
  if (s < 60) return `${s}s`;
  const two = (n: number) => String(n).padStart(2, "0");
  const m = Math.floor(s / 60);
  if (m < 60) return `${m}m ${two(s % 60)}s`;
  const h = Math.floor(m / 60);
  if (h < 48) return `${h}h ${two(m % 60)}m`;
  return `${Math.floor(h / 24)}d ${h % 24}h`;
}

/** Milliseconds between two instants; up to `now` while the second is absent. */
export function between(from: string | null | undefined, to: string | null | undefined, now: number): number | undefined {
  if (!from) return undefined;
  return (to ? Date.parse(to) : now) - Date.parse(from);
}

/** `just now`, `5 min ago`, `3 h ago`, `2 days ago`, else the date. */
export function ago(at: string, now: number): string {
  const s = Math.floor((now - Date.parse(at)) / 1000);
  if (!Number.isFinite(s)) return "";
  if (s < 10) return "just now";
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
  const days = Math.floor(s / 86_400);
  if (days < 14) return days === 1 ? "yesterday" : `${days} days ago`;
  return day(new Date(at));
}

const SECOND = 1000;
/** A minute that is shown is this old at most: the words of `ago` change by the minute then. */
const QUARTER = 15_000;

/** How soon `ago` may have another word for what happened last at `newest`. */
export function agoPace(newest: string | undefined, now: number): number {
  return newest !== undefined && now - Date.parse(newest) < 60_000 ? SECOND : QUARTER;
}

/** `2026-01-31`, where the reader is. */
function day(at: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** `17.3 MB`. */
export function bytes(n: number): string {
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (n < 1000 || unit === "GB") return `${n < 10 && unit !== "B" ? n.toFixed(1) : Math.round(n)} ${unit}`;
    n /= 1000;
  }
  return "";
}
