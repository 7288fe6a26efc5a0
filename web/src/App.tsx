import { useQueryClient } from "@tanstack/react-query";
import { Outlet, useMatches, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { startEvents } from "./api/stream";
import { Shell } from "./components/Shell";
import { SignIn } from "./pages/entry/SignIn";
import { readAhead } from "./routes";
import { useToken } from "./session";
import { Toasts } from "./ui/toast";

/** The frame of every page, or the sign-in in its place: the address stays, so that the page opens afterwards. */
export function App() {
  const token = useToken();
  const router = useRouter();
  const queryClient = useQueryClient();
  const front = useMatches({ select: (all) => all.some((m) => m.staticData.front) });
  useEffect(() => {
    if (!token) return;
    const stop = startEvents(queryClient, digest(token));
    const later = readAhead(router);
    return () => {
      stop();
      later();
      // The next user must not see what this one read.
      queryClient.clear();
    };
  }, [token, queryClient, router]);
  useEffect(() => router.subscribe("onRendered", ({ pathChanged, fromLocation }) => pathChanged && fromLocation && focusPage()), [router]);
  return (
    <>
      {front ? <Outlet /> : token ? <Shell><Outlet /></Shell> : <SignIn />}
      <Toasts />
    </>
  );
}

/** Tabs of one session have one name for what they share; the token itself is nobody's name. */
function digest(token: string): string {
  let hash = 0;
  for (const c of token) hash = (Math.imul(hash, 31) + c.charCodeAt(0)) | 0;
  return (hash >>> 0).toString(36);
}

/** On a new page the keyboard begins at its content, and screen readers read it; unless the page has taken it somewhere. */
function focusPage(): void {
  const page = document.getElementById("content");
  if (!page || page.contains(document.activeElement) || document.activeElement?.closest("[role=dialog]")) return;
  page.focus({ preventScroll: true });
}
