import { queryOptions, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { client, data } from "../api/client";
import { PageHead } from "../components/PageHead";
import { Link } from "../ui/Link";
import { Answered } from "../ui/States";
import { useTitle } from "../util/hooks";
import { paths } from "../util/paths";

type Kind = "pipeline" | "application";

const pipelineRoute = getRouteApi("/project/$key/pipeline/$name");
const applicationRoute = getRouteApi("/project/$key/application/$name");

export function Pipeline() {
  const { key, name } = pipelineRoute.useParams();
  return <Definition kind="pipeline" project={key} name={name} />;
}

export function Application() {
  const { key, name } = applicationRoute.useParams();
  return <Definition kind="application" project={key} name={name} />;
}

/** The file of a pipeline or an application, as an export gives it. */
const fileOf = (kind: Kind, key: string, name: string) =>
  queryOptions({
    queryKey: [kind, key, name, "file"],
    queryFn: () =>
      data(
        kind === "pipeline"
          ? client.GET("/v1/projects/{key}/pipelines/{pipeline}/export", { params: { path: { key, pipeline: name } }, parseAs: "text" })
          : client.GET("/v1/projects/{key}/applications/{app}/export", { params: { path: { key, app: name } }, parseAs: "text" }),
      ),
  });

/** The workflows that use it. */
const usersOf = (kind: Kind, key: string, name: string) =>
  queryOptions({
    queryKey: [kind, key, name, "usage"],
    queryFn: () =>
      data(
        kind === "pipeline"
          ? client.GET("/v1/projects/{key}/pipelines/{pipeline}/usage", { params: { path: { key, pipeline: name } } })
          : client.GET("/v1/projects/{key}/applications/{app}/usage", { params: { path: { key, app: name } } }),
      ),
  });

/** What workflows are made of, to be read: its file, and who uses it. It is changed by a push. */
function Definition({ kind, project, name }: { kind: Kind; project: string; name: string }) {
  const file = useQuery(fileOf(kind, project, name));
  const users = useQuery(usersOf(kind, project, name));
  useTitle(`${name} · ${kind}`);
  return (
    <>
      <PageHead crumbs={[{ to: paths.project(project), text: project }]} title={name} note={kind === "pipeline" ? "Pipeline" : "Application"} />
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
