import { type ReactNode, useId, useState } from "react";

/** Which are open, by page: who comes back finds the place that was left. Ends with the tab. */
const opened = new Set<string>();

/** The rest of a list, after what is shown of it: drawn once somebody asks. `what`: "10 more failed jobs". `of`: tells it from others of the page. */
export function More({ what, of, children }: { what: string; of: string; children: () => ReactNode }) {
  const name = `${location.pathname} ${of}`;
  const [open, setOpen] = useState(() => opened.has(name));
  const id = useId();
  const toggle = () => {
    if (open) opened.delete(name);
    else opened.add(name);
    setOpen(!open);
  };
  return (
    <>
      <p className="show-more"><button type="button" className="link" aria-expanded={open} aria-controls={open ? id : undefined} onClick={toggle}>{open ? `Hide ${what}` : `Show ${what}`}</button></p>
      {open && <div id={id} className="more-of">{children()}</div>}
    </>
  );
}
