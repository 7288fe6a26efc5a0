import { Select as Base } from "@base-ui/react/select";
import { useId } from "react";

export interface Choice<V extends string> {
  value: V;
  label: string;
}

interface Props<V extends string> {
  label: string;
  /** Of the label with its field. */
  className?: string;
  choices: readonly Choice<V>[];
  /** Undefined = it keeps its own, and a form reads it by `name`. */
  value?: V;
  onChange?: (value: V) => void;
  name?: string;
  describedBy?: string;
}

/** One of several; the first where nothing is chosen. */
export function Select<V extends string>({ label, className, choices, value, onChange, name, describedBy }: Props<V>) {
  const id = useId();
  return (
    <div className={`field ${className ?? ""}`}>
      <label htmlFor={id}>{label}</label>
      <Base.Root items={choices} name={name} value={value} defaultValue={value === undefined ? choices[0]?.value : undefined} onValueChange={(v) => v !== null && onChange?.(v)}>
        <Base.Trigger id={id} className="select" aria-describedby={describedBy}>
          <Base.Value />
          <span className="select-icon" aria-hidden="true" />
        </Base.Trigger>
        <Base.Portal>
          <Base.Positioner className="popup-place" sideOffset={4} alignItemWithTrigger={false}>
            <Base.Popup className="popup">
              <Base.List>
                {choices.map((c) => <Base.Item key={c.value} value={c.value} className="option"><Base.ItemText>{c.label}</Base.ItemText></Base.Item>)}
              </Base.List>
            </Base.Popup>
          </Base.Positioner>
        </Base.Portal>
      </Base.Root>
    </div>
  );
}
