import { type KeyboardEvent, type ReactNode, useId } from "react";

export interface Tab<Id extends string> {
  id: Id;
  label: string;
  count?: number | string;
  tone?: "bad";
}

/** Tabs after the ARIA pattern: arrows move, one tab stop. */
export function Tabs<Id extends string>({ tabs, value, onChange, label, children }: { tabs: Tab<Id>[]; value: Id; onChange: (id: Id) => void; label: string; children: ReactNode }) {
  const base = useId();
  const move = (e: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!step) return;
    const at = tabs.findIndex((t) => t.id === value);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (!next) return;
    e.preventDefault();
    onChange(next.id);
    document.getElementById(`${base}-${next.id}`)?.focus();
  };
  return (
    <div className="tabs">
      <div role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map((tab) => (
          <button key={tab.id} id={`${base}-${tab.id}`} type="button" role="tab" aria-selected={tab.id === value} aria-controls={`${base}-panel`} tabIndex={tab.id === value ? 0 : -1} onClick={() => onChange(tab.id)}>
            {tab.label}
            {tab.count !== undefined && <span className={`count ${tab.tone ?? ""}`}>{tab.count}</span>}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${value}`} tabIndex={-1}>
        {children}
      </div>
    </div>
  );
}
