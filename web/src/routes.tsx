// Every page in one table. Those with much code are read when they are opened.
import { lazy, type ReactNode } from "react";
import { Account } from "./pages/Account";
import { Fleet } from "./pages/Fleet";
import { Home } from "./pages/Home";
import { NotFound } from "./pages/NotFound";
import { ProjectPage } from "./pages/Project";
import { Projects } from "./pages/Projects";
import { Queue } from "./pages/Queue";
import { WorkflowPage } from "./pages/Workflow";
import { match } from "./router";

const readRun = () => import("./pages/Run");
const readJob = () => import("./pages/Job");
const RunPage = lazy(readRun);
const JobPage = lazy(readJob);

/** Reads the pages that people open next, once the first one stands. */
export function readAhead(): void {
  setTimeout(() => void Promise.all([readJob(), readRun()]).catch(() => undefined), 1500);
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
