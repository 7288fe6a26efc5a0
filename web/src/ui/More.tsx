import { type ReactNode, useId, useState } from "react";

/** The rest of a list, after what is shown of it: drawn once somebody asks. `what`: "10 more failed jobs". */
export function More({ what, children }: { what: string; children: () => ReactNode }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <>
      <p className="show-more"><button type="button" className="link" aria-expanded={open} aria-controls={open ? id : undefined} onClick={() => setOpen(!open)}>{open ? `Hide ${what}` : `Show ${what}`}</button></p>
      {open && <div id={id} className="more-of">{children()}</div>}
    </>
  );
}
