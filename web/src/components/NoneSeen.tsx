import { useQuery } from "@tanstack/react-query";
import { queries } from "../api/queries";
import { Empty } from "../ui/States";

/** Who reads every project: to them, what they do not see is not there. */
const SEE_ALL = new Set(["ADMIN", "MAINTAINER"]);

/** Nothing is there, or nothing that one may see, and the server does not tell which. */
export function NoneSeen({ title }: { title: string }) {
  const me = useQuery(queries.me()).data;
  if (me && SEE_ALL.has(me.ring)) return <Empty title={title} />;
  return (
    <Empty title={`${title} that you may see`}>
      <p>Groups give the right to see a project. If you look for one, ask its owners, or an administrator, to add you to a group that may.</p>
    </Empty>
  );
}
