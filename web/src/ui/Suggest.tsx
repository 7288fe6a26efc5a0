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
      onValueChange={(next, { reason }) => {
        setText(next);
        if (next === "" || reason === "item-press") take(next);
      }}
    >
      <label>{label}
        <Autocomplete.Input
          type="search"
          placeholder={placeholder}
          spellCheck={false}
          // With an option under the cursor, Enter chooses that.
          onKeyDown={(e) => e.key === "Enter" && !e.currentTarget.hasAttribute("aria-activedescendant") && take(text)}
          onBlur={() => take(text)}
        />
      </label>
      <Autocomplete.Portal>
        <Autocomplete.Positioner className="popup-place" sideOffset={4} align="start">
          <Autocomplete.Popup className="popup">
            <Autocomplete.List>{(k: string) => <Autocomplete.Item key={k} value={k} className="option">{k}</Autocomplete.Item>}</Autocomplete.List>
          </Autocomplete.Popup>
        </Autocomplete.Positioner>
      </Autocomplete.Portal>
    </Autocomplete.Root>
  );
}
