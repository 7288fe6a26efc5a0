import { queryOptions, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { client, data, isGone } from "../api/client";
import { PageHead } from "../components/PageHead";
import { PageProblem } from "../components/PageProblem";
import { Link } from "../ui/Link";
import { Answered } from "../ui/States";
import { useFault, useTitle } from "../util/hooks";
import { paths } from "../util/paths";

type Kind = "pipeline" | "application" | "environment";

const pipelineRoute = getRouteApi("/project/$key/pipeline/$name");
const applicationRoute = getRouteApi("/project/$key/application/$name");
const environmentRoute = getRouteApi("/project/$key/environment/$name");

export function Pipeline() {
  const { key, name } = pipelineRoute.useParams();
  return <Definition kind="pipeline" project={key} name={name} />;
}

export function Application() {
  const { key, name } = applicationRoute.useParams();
  return <Definition kind="application" project={key} name={name} />;
}

export function Environment() {
  const { key, name } = environmentRoute.useParams();
  return <Definition kind="environment" project={key} name={name} />;
}

const TITLES: Record<Kind, string> = { pipeline: "Pipeline", application: "Application", environment: "Environment" };

/** The file of a definition, as an export gives it. */
function readFile(kind: Kind, key: string, name: string): Promise<string> {
  switch (kind) {
    case "pipeline":
      return data(client.GET("/v1/projects/{key}/pipelines/{pipeline}/export", { params: { path: { key, pipeline: name } }, parseAs: "text" }));
    case "application":
      return data(client.GET("/v1/projects/{key}/applications/{app}/export", { params: { path: { key, app: name } }, parseAs: "text" }));
    case "environment":
      return data(client.GET("/v1/projects/{key}/environments/{env}/export", { params: { path: { key, env: name } }, parseAs: "text" }));
  }
}

function readUsers(kind: Kind, key: string, name: string) {
  switch (kind) {
    case "pipeline":
      return data(client.GET("/v1/projects/{key}/pipelines/{pipeline}/usage", { params: { path: { key, pipeline: name } } }));
    case "application":
      return data(client.GET("/v1/projects/{key}/applications/{app}/usage", { params: { path: { key, app: name } } }));
    case "environment":
      return data(client.GET("/v1/projects/{key}/environments/{env}/usage", { params: { path: { key, env: name } } }));
  }
}

const fileOf = (kind: Kind, key: string, name: string) => queryOptions({ queryKey: [kind, key, name, "file"], queryFn: () => readFile(kind, key, name) });

/** The workflows that use it. */
const usersOf = (kind: Kind, key: string, name: string) => queryOptions({ queryKey: [kind, key, name, "usage"], queryFn: () => readUsers(kind, key, name) });

/** What workflows are made of, to be read: its file, and who uses it. It is changed by a push. */
function Definition({ kind, project, name }: { kind: Kind; project: string; name: string }) {
  const file = useQuery(fileOf(kind, project, name));
  const users = useQuery(usersOf(kind, project, name));
  const crumbs = [{ to: paths.projects(), text: "Projects" }, { to: paths.project(project), text: project }];
  const fault = useFault(file);
  const missing = fault && (file.data === undefined || isGone(fault)) ? fault : undefined;
  useTitle(missing ? undefined : `${name} · ${kind}`);
  if (missing) return <PageProblem title={`${name} · ${kind}`} crumbs={crumbs} error={missing} was={file.data === undefined ? undefined : `This ${kind}`} retry={() => void Promise.all([file.refetch(), users.refetch()])} />;
  return (
    <>
      <PageHead crumbs={crumbs} title={name} note={TITLES[kind]} />
      <Answered query={users} rows={1}>
        {(all) => (
          <p className="used-by">
            {all.length === 0 ? "No workflow uses it." : "Used by "}
            {all.map((w, i) => <span key={w.name}>{i > 0 && ", "}<Link {...paths.workflow(project, w.name)}>{w.name}</Link></span>)}
          </p>
        )}
      </Answered>
      <Answered query={file} rows={6}>{(text) => <pre tabIndex={0} aria-label={`File of ${name}`}>{text}</pre>}</Answered>
    </>
  );
}
