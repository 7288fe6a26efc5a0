import { Link } from "../ui/Link";
import { Empty } from "../ui/States";
import { useTitle } from "../util/hooks";

export function NotFound() {
  useTitle("No such page");
  return (
    <Empty page title="There is no such page">
      <p>The address may be old. <Link to="/">Go to the last runs</Link>, or press <kbd>/</kbd> to search.</p>
    </Empty>
  );
}
