// Every page and its address. Pages with much code are read when they are opened, or ahead of that.
import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, type ErrorComponentProps, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { queries } from "./api/queries";
import { App } from "./App";
import { PageProblem } from "./components/PageProblem";
import { historySearch, jobSearch, parseSearch, projectSearch, runSearch, stringifySearch, workflowSearch } from "./model/search";
import { Fleet } from "./pages/Fleet";
import { Home } from "./pages/Home";
import { NotFound } from "./pages/NotFound";
import { ProjectPage } from "./pages/Project";
import { Projects } from "./pages/Projects";
import { Queue } from "./pages/Queue";
import { WorkflowPage } from "./pages/Workflow";
import { getToken } from "./session";
import { Loading } from "./ui/States";

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({ component: App, notFoundComponent: NotFound });
const parent = { getParentRoute: () => root };

const home = createRoute({ ...parent, path: "/", validateSearch: historySearch, component: Home });
const projects = createRoute({ ...parent, path: "/projects", component: Projects });
const project = createRoute({ ...parent, path: "/project/$key", validateSearch: projectSearch, component: ProjectPage });
const workflow = createRoute({ ...parent, path: "/project/$key/workflow/$workflow", validateSearch: workflowSearch, component: WorkflowPage });

// What workflows are made of: no run stands on them alone, and the search finds them.
const definition = () => import("./pages/Definition");
const pipeline = createRoute({ ...parent, path: "/project/$key/pipeline/$name", component: lazyRouteComponent(definition, "Pipeline") });
const application = createRoute({ ...parent, path: "/project/$key/application/$name", component: lazyRouteComponent(definition, "Application") });
const environment = createRoute({ ...parent, path: "/project/$key/environment/$name", component: lazyRouteComponent(definition, "Environment") });

/** What is below it reads the same run: it is asked for while the code of the page is read. */
const run = createRoute({
  ...parent,
  path: "/project/$key/workflow/$workflow/run/$number",
  loader({ context, params, preload }) {
    // Looking at a link is no reason to read a run.
    if (!preload && getToken()) void context.queryClient.prefetchQuery(queries.run(params.key, params.workflow, params.number));
  },
});
const ofRun = { getParentRoute: () => run };
const runPage = lazyRouteComponent(() => import("./pages/Run"));
const runHome = createRoute({ ...ofRun, path: "/", validateSearch: runSearch, component: runPage });
// The address that jobs get in `cds.ui.pipeline.run`.
const runNode = createRoute({ ...ofRun, path: "/node/$id", validateSearch: runSearch, component: runPage });
const job = createRoute({ ...ofRun, path: "/job/$job", validateSearch: jobSearch, component: lazyRouteComponent(() => import("./pages/Job")) });

const queue = createRoute({ ...parent, path: "/queue", component: Queue });
const fleet = createRoute({ ...parent, path: "/fleet", component: Fleet });
const account = createRoute({ ...parent, path: "/account", component: lazyRouteComponent(() => import("./pages/Account"), "Account") });

// In front of the sign-in. Links of mails open for everybody: they may be of another account.
const front = { ...parent, staticData: { front: true } };
const links = () => import("./pages/entry/Links");
const signUp = createRoute({
  ...front,
  path: "/signup",
  beforeLoad() {
    if (getToken()) throw redirect({ to: "/", replace: true });
  },
  component: lazyRouteComponent(() => import("./pages/entry/SignUp"), "SignUp"),
});
const forgot = createRoute({
  ...front,
  path: "/forgot-password",
  beforeLoad() {
    if (getToken()) throw redirect({ to: "/account", replace: true });
  },
  component: lazyRouteComponent(links, "Forgot"),
});
const verify = createRoute({ ...front, path: "/signup/verify", component: lazyRouteComponent(links, "Verify") });
const reset = createRoute({ ...front, path: "/reset-password", component: lazyRouteComponent(links, "Reset") });

const routeTree = root.addChildren([home, projects, project, workflow, pipeline, application, environment, run.addChildren([runHome, runNode, job]), queue, fleet, account, signUp, forgot, verify, reset]);

/** A fault in one page leaves the rest of the screen usable. */
function PageFault({ error, reset }: ErrorComponentProps) {
  return <PageProblem title="This page has a fault" error={error instanceof Error ? error : new Error(String(error))} retry={reset} />;
}

export function makeRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    parseSearch,
    stringifySearch,
    scrollRestoration: true,
    // They place themselves; only the way back brings them to where they were.
    scrollToTopSelectors: [".log-scroll", ".scroller"],
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    // Another project, run or job is another page: nothing typed or folded in one stays in the next.
    defaultRemountDeps: ({ params }) => params,
    // What is late shows what stands for it, and at once what has come (React holds it back for 0.3 s behind `Suspense`:
    // so late that it is the exception).
    defaultPendingMs: 1000,
    defaultPendingMinMs: 0,
    defaultPendingComponent: () => <Loading rows={6} />,
    defaultErrorComponent: PageFault,
    defaultNotFoundComponent: NotFound,
  });
}

type Router = ReturnType<typeof makeRouter>;

declare module "@tanstack/react-router" {
  interface Register {
    router: Router;
  }
  interface StaticDataRouteOption {
    /** Shown without the frame of the application, to whoever is not signed in. */
    front?: boolean;
  }
}

/** What some browsers tell of the connection. */
interface Connection {
  saveData?: boolean;
  effectiveType?: string;
  type?: string;
}

/** Reads the pages that people open next, once the first one stands; not where bytes are dear or slow. */
export function readAhead(router: Router): () => void {
  const { connection } = navigator as Navigator & { connection?: Connection };
  const dear = connection?.saveData || connection?.type === "cellular" || (connection?.effectiveType ?? "4g") !== "4g";
  if (dear) return () => undefined;
  const timer = setTimeout(() => {
    for (const route of [job, runHome, account]) void router.loadRouteChunk(router.routesById[route.id])?.catch(() => undefined);
  }, 1500);
  return () => clearTimeout(timer);
}
