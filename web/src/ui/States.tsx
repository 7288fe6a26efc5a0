// What a page shows when there is nothing yet, nothing at all, or something went wrong; and what to do next.
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Failure, mayPass } from "../api/client";
import { Button } from "./Button";

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children && <div className="empty-text">{children}</div>}
    </div>
  );
}

export function Problem({ error, retry }: { error: Error; retry?: () => void }) {
  const body = error instanceof Failure ? error.body : undefined;
  const title = error instanceof Failure && error.status === 404 ? "There is nothing here, or you may not see it" : "This could not be read";
  return (
    <div className="empty problem" role="alert">
      <p className="empty-title">{title}</p>
      <div className="empty-text">
        <p>{error.message}{retry && mayPass(error) && " Trying again by itself."}</p>
        {body?.details?.map((line) => <p key={line}>{line}</p>)}
        {body?.request_id && <p className="muted small">Request {body.request_id}</p>}
      </div>
      {retry && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}

export function Loading({ rows = 4 }: { rows?: number }) {
  return (
    <div className="loading" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, i) => <div key={i} className="skeleton" />)}
    </div>
  );
}

/** One of the three, or the content. Data that is known stays on screen while it is read again. */
export function Answered<T>({ query, rows, children }: { query: UseQueryResult<T>; rows?: number; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Problem error={query.error} retry={() => void query.refetch()} />;
  return <Loading rows={rows} />;
}
