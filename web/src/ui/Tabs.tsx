import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";

export interface Tab<Id extends string> {
  id: Id;
  label: string;
  count?: number | string;
  tone?: "bad";
}

/** Arrow keys move between tabs and open them; the content is that of the open one. */
export function Tabs<Id extends string>({ tabs, value, onChange, label, children }: { tabs: Tab<Id>[]; value: Id; onChange: (id: Id) => void; label: string; children: ReactNode }) {
  return (
    <Base.Root className="tabs" value={value} onValueChange={(id: Id) => onChange(id)}>
      <Base.List aria-label={label} activateOnFocus>
        {tabs.map((tab) => (
          <Base.Tab key={tab.id} value={tab.id} data-tab={tab.id}>
            {tab.label}
            {tab.count !== undefined && <span className={`count ${tab.tone ?? ""}`}>{tab.count}</span>}
          </Base.Tab>
        ))}
      </Base.List>
      <Base.Panel key={value} value={value}>{children}</Base.Panel>
    </Base.Root>
  );
}
