// What a page shows when there is nothing yet, nothing at all, or something went wrong; and what to do next.
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Failure, isGone, mayPass } from "../api/client";
import { useFault } from "../util/hooks";
import { Button } from "./Button";

/** `page`: it is all there is of a page, and heads it. */
export function Empty({ title, page, children }: { title: string; page?: boolean; children?: ReactNode }) {
  const Title = page ? "h1" : "p";
  return (
    <div className="empty">
      <Title className="empty-title">{title}</Title>
      {children && <div className="empty-text">{children}</div>}
    </div>
  );
}

/** `was`: something was here before, in words. */
export function Problem({ error, was, retry }: { error: Error; was?: string; retry?: () => void }) {
  const body = error instanceof Failure ? error.body : undefined;
  const closed = isGone(error);
  const title = was && closed ? `${was} was deleted, or you may not see it any more` : error instanceof Failure && error.status === 404 ? "There is nothing here, or you may not see it" : "This could not be read";
  return (
    <div className="empty problem" role="alert">
      <p className="empty-title">{title}</p>
      <div className="empty-text">
        <p>{error.message}{retry && mayPass(error) && " Trying again by itself."}</p>
        {closed && <p>{was ? "" : "Check the address. If it is right, it may have been deleted, or you lack the permission. "}Groups give the right to see a project: an owner of it, or an administrator, can add you to one. What you may see then comes up here by itself.</p>}
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

/** One of the three, or the content. Data that is known stays on screen while it is read again, unless it is gone. */
export function Answered<T>({ query, rows, children }: { query: UseQueryResult<T>; rows?: number; children: (data: T) => ReactNode }) {
  const fault = useFault(query);
  if (query.data !== undefined && !isGone(fault)) return <>{children(query.data)}</>;
  if (fault) return <Problem error={fault} retry={() => void query.refetch()} />;
  return <Loading rows={rows} />;
}
