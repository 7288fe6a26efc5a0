import { Failure, isGone } from "../api/client";
import { Problem } from "../ui/States";
import { useTitle } from "../util/hooks";
import { type Crumb, PageHead } from "./PageHead";

interface Props {
  /** What the address names. */
  title: string;
  /** The ways on: what contains it. */
  crumbs?: Crumb[];
  error: Error;
  /** What was shown here before, as a sentence begins. */
  was?: string;
  retry?: () => void;
}

/** In the place of a page that can't be read: what it would be, why it is not there, and where to go on. */
export function PageProblem({ title, crumbs, error, was, retry }: Props) {
  useTitle(`${was && isGone(error) ? "Gone" : error instanceof Failure && error.status === 404 ? "Not found" : "Problem"}: ${title}`);
  return (
    <>
      <PageHead crumbs={crumbs} title={title} />
      <Problem error={error} was={was} retry={retry} />
    </>
  );
}
