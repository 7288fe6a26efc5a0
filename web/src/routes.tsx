// Every page in one table. Those with much code are read when they are opened.
import type { QueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { queries } from "./api/queries";
import { Account } from "./pages/Account";
import { Fleet } from "./pages/Fleet";
import { Home } from "./pages/Home";
import { NotFound } from "./pages/NotFound";
import { ProjectPage } from "./pages/Project";
import { Projects } from "./pages/Projects";
import { Queue } from "./pages/Queue";
import { WorkflowPage } from "./pages/Workflow";
import { match } from "./router";
import { getToken } from "./session";
import { later } from "./util/later";

const { Page: RunPage, read: readRun } = later(() => import("./pages/Run"));
const { Page: JobPage, read: readJob } = later(() => import("./pages/Job"));

/** Reads the pages that people open next, once the first one stands. */
export function readAhead(): void {
  setTimeout(() => void Promise.all([readJob(), readRun()]).catch(() => undefined), 1500);
}

/** Begins to read what the first page needs before anything is drawn: its code and its run come side by side. */
export function prepare(path: string, queryClient: QueryClient): void {
  const base = "/project/:key/workflow/:workflow/run/:number";
  const job = match(`${base}/job/:job`, path);
  const values = job ?? match(base, path) ?? match(`${base}/node/:id`, path);
  if (!values) return;
  void (job ? readJob : readRun)().catch(() => undefined);
  if (getToken()) void queryClient.prefetchQuery(queries.run(values.key ?? "", values.workflow ?? "", values.number ?? ""));
}

type Values = Record<string, string>;

const ROUTES: [string, (v: Values) => ReactNode][] = [
  ["/", () => <Home />],
  ["/projects", () => <Projects />],
  ["/project/:key", (v) => <ProjectPage projectKey={v.key ?? ""} />],
  ["/project/:key/workflow/:workflow", (v) => <WorkflowPage projectKey={v.key ?? ""} workflow={v.workflow ?? ""} />],
  ["/project/:key/workflow/:workflow/run/:number", run],
  // The address that jobs get in `cds.ui.pipeline.run`.
  ["/project/:key/workflow/:workflow/run/:number/node/:id", run],
  [
    "/project/:key/workflow/:workflow/run/:number/job/:job",
    (v) => <JobPage projectKey={v.key ?? ""} workflow={v.workflow ?? ""} number={v.number ?? ""} job={v.job ?? ""} />,
  ],
  ["/queue", () => <Queue />],
  ["/fleet", () => <Fleet />],
  ["/signup", () => <Home />],
  ["/forgot-password", () => <Account />],
  ["/account", () => <Account />],
];

function run(v: Values): ReactNode {
  return <RunPage key={v.number} projectKey={v.key ?? ""} workflow={v.workflow ?? ""} number={v.number ?? ""} />;
}

export function page(path: string): ReactNode {
  for (const [pattern, render] of ROUTES) {
    const values = match(pattern, path);
    if (values) return render(values);
  }
  return <NotFound />;
}
