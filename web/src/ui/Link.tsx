import { type LinkComponent, Link as RouterLink } from "@tanstack/react-router";

/** The page itself, whatever it shows of it: what lies above a page is not the page. */
const SAME_PAGE = { exact: true, includeSearch: false };

/** A link within the application: a plain click stays in the page, everything else is the browser's. */
export const Link: LinkComponent<"a"> = (props) => <RouterLink activeOptions={SAME_PAGE} {...(props as { to: string })} />;
