// Short news at the edge of the page; errors stay until they are closed.
import { useSyncExternalStore } from "react";

interface Toast {
  id: number;
  kind: "info" | "error";
  text: string;
}

let toasts: Toast[] = [];
let next = 1;
const listeners = new Set<() => void>();

function set(value: Toast[]): void {
  toasts = value;
  for (const listener of listeners) listener();
}

export function toast(text: string, kind: Toast["kind"] = "info"): void {
  const id = next++;
  set([...toasts.slice(-3), { id, kind, text }]);
  if (kind === "info") setTimeout(() => set(toasts.filter((t) => t.id !== id)), 5000);
}

/** For promises of actions: what went wrong is shown. */
export function report(error: unknown): void {
  toast(error instanceof Error ? error.message : String(error), "error");
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((t) => (
        <div key={t.id} className={`toast ${t.kind}`}>
          <span>{t.text}</span>
          <button type="button" className="button quiet icon" aria-label="Close" onClick={() => set(toasts.filter((o) => o.id !== t.id))}>✕</button>
        </div>
      ))}
    </div>
  );
}
