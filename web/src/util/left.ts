import { useQuery } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { useMemo } from "react";
import { queries } from "../api/queries";
import { type Draft, leftDraft } from "../model/draft";

/** What this user had typed into the form of this page when the session ended, or the page was loaded again. */
export function useLeft(): Draft | undefined {
  const user = useQuery(queries.me()).data?.username;
  const page = useLocation({ select: (at) => at.pathname });
  return useMemo(() => (user === undefined ? undefined : leftDraft(sessionStorage, user, page)), [user, page]);
}
