import { Autocomplete } from "@base-ui/react/autocomplete";
import { useState } from "react";

interface Props {
  label: string;
  value: string;
  placeholder: string;
  /** What others have; anything else may be written too. */
  known: readonly string[];
  onChange: (value: string) => void;
}

/** A text with suggestions: it holds from Enter, from a choice, or when the field is left; an emptied field lifts it. */
export function Suggest({ label, value, placeholder, known, onChange }: Props) {
  const [text, setText] = useState(value);
  const [was, setWas] = useState(value);
  const [open, setOpen] = useState(false);
  if (was !== value) {
    setWas(value);
    setText(value);
  }
  const take = (given: string) => given.trim() !== value && onChange(given.trim());
  return (
    <Autocomplete.Root
      items={known}
      value={text}
      limit={50}
      openOnInputClick
      open={open}
      onOpenChange={setOpen}
      onValueChange={(next) => {
        setText(next);
        if (next === "") take(next);
      }}
    >
      <label>{label}
        <Autocomplete.Input
          type="search"
          placeholder={placeholder}
          spellCheck={false}
          // With an option under the cursor, Enter chooses that.
          onKeyDown={(e) => e.key === "Enter" && !e.currentTarget.hasAttribute("aria-activedescendant") && take(text)}
          onBlur={() => {
            setOpen(false);
            take(text);
          }}
        />
      </label>
      {/* Without `Autocomplete.Popup`, which takes the rest of the page from readers of screens while it is open. */}
      {open && (
        <Autocomplete.Portal>
          <Autocomplete.Positioner className="popup-place" sideOffset={4} align="start">
            <Suggestions onChoose={(chosen) => { setText(chosen); take(chosen); }} />
          </Autocomplete.Positioner>
        </Autocomplete.Portal>
      )}
    </Autocomplete.Root>
  );
}

/** The keyboard stays in the field, whatever is pressed here. */
function Suggestions({ onChoose }: { onChoose: (value: string) => void }) {
  const none = Autocomplete.useFilteredItems<string>().length === 0;
  return (
    <div className="popup" data-empty={none || undefined} onMouseDown={(e) => e.preventDefault()}>
      <Autocomplete.List>{(k: string) => <Autocomplete.Item key={k} value={k} className="option" onClick={() => onChoose(k)}>{k}</Autocomplete.Item>}</Autocomplete.List>
    </div>
  );
}
