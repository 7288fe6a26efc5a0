import { Fragment, type ReactNode } from "react";
import { Link } from "../ui/Link";
import type { Place } from "../util/paths";

export interface Crumb {
  to: Place;
  text: string;
}

export function PageHead({ title, note, crumbs = [], actions, before }: { title: ReactNode; note?: ReactNode; crumbs?: Crumb[]; actions?: ReactNode; before?: ReactNode }) {
  return (
    <div className="page-head">
      {crumbs.length > 0 && (
        <nav className="crumbs" aria-label="Where you are">
          {crumbs.map((c, i) => (
            <Fragment key={c.to.to}>
              {i > 0 && <span aria-hidden="true">/</span>}
              <Link {...c.to}>{c.text}</Link>
            </Fragment>
          ))}
        </nav>
      )}
      <div className="page-line">
        {before}
        <div className="page-title">
          <h1>{title}</h1>
          {note && <div className="muted page-note">{note}</div>}
        </div>
        {actions && <div className="actions">{actions}</div>}
      </div>
    </div>
  );
}
