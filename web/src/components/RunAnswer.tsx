import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { isGone } from "../api/client";
import type { Run } from "../model/types";
import { Loading } from "../ui/States";
import { useFault, useTitle } from "../util/hooks";
import { paths } from "../util/paths";
import { PageProblem } from "./PageProblem";

interface Props {
  query: UseQueryResult<Run>;
  projectKey: string;
  workflow: string;
  number: string;
  rows: number;
  children: (run: Run) => ReactNode;
}

/** A page about a run. Of one that is gone nothing goes on: neither its time nor its icon, and nothing can be done with it. */
export function RunAnswer({ query, projectKey, workflow, number, rows, children }: Props) {
  const { data } = query;
  const error = useFault(query);
  const title = `${workflow} #${number}`;
  useTitle(query.isPending && !error ? title : undefined);
  if (data && !isGone(error)) return <>{children(data)}</>;
  if (!error) return <Loading rows={rows} />;
  const crumbs = [
    { to: paths.projects(), text: "Projects" },
    { to: paths.project(projectKey), text: projectKey },
    { to: paths.workflow(projectKey, workflow), text: workflow },
  ];
  return <PageProblem title={title} crumbs={crumbs} error={error} was={data && "This run"} retry={() => void query.refetch()} />;
}
