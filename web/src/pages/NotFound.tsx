import { Link } from "../ui/Link";
import { Empty } from "../ui/States";

export function NotFound() {
  return (
    <Empty title="There is no such page">
      <p>The address may be old. <Link to="/">Go to the last runs</Link>, or press <kbd>/</kbd> to search.</p>
    </Empty>
  );
}
