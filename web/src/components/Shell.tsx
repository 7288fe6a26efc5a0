import { useQuery } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { client, data } from "../api/client";
import { queries } from "../api/queries";
import { useStreamState } from "../api/stream";
import { Link } from "../ui/Link";
import { endSession } from "../session";
import { Button } from "../ui/Button";
import { paths } from "../util/paths";
import { CommandPalette } from "./CommandPalette";
import { Logo, NavIcon } from "./icons";
import { ThemeSwitch } from "./ThemeSwitch";

const PLACES = [
  { at: paths.home(), label: "Runs", icon: "runs" },
  { at: paths.projects(), label: "Projects", icon: "projects" },
  { at: paths.queue(), label: "Queue", icon: "queue" },
  { at: paths.fleet(), label: "Workers", icon: "fleet" },
] as const;

/** Sidebar (a bar at the bottom on phones), head line, content. */
export function Shell({ children }: { children: ReactNode }) {
  const path = useLocation({ select: (at) => at.pathname });
  const [palette, setPalette] = useState(false);
  const me = useQuery(queries.me());
  const waiting = useQuery(queries.queue()).data?.filter((j) => j.status === "Waiting").length ?? 0;
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      const typing = e.target instanceof HTMLElement && e.target.matches("input, textarea, select, [contenteditable]");
      if ((e.key === "k" && (e.metaKey || e.ctrlKey)) || (e.key === "/" && !typing && !e.metaKey && !e.ctrlKey && !e.defaultPrevented)) {
        e.preventDefault();
        setPalette(true);
      }
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);
  const current = (to: string) => (to === "/" ? path === "/" : path === to || (to === "/projects" && path.startsWith("/project/")));
  return (
    <div className="shell">
      {/* The address keeps what it says: of a log, its lines. */}
      <a className="skip" href="#content" onClick={(e) => { e.preventDefault(); document.getElementById("content")?.focus(); }}>Skip to the content</a>
      <header className="sidebar">
        <Link to="/" className="brand" aria-label="CDS, home"><Logo /><span>CDS</span></Link>
        <nav aria-label="Main">
          {PLACES.map((p) => (
            <Link key={p.at.to} {...p.at} aria-current={current(p.at.to) ? "page" : undefined}>
              <NavIcon name={p.icon} />
              <span>{p.label}</span>
              {p.icon === "queue" && waiting > 0 && <span className="count" aria-label={`${waiting} waiting`}>{waiting}</span>}
            </Link>
          ))}
        </nav>
        <div className="sidebar-foot">
          <LiveState />
          <ThemeSwitch />
          <div className="who">
            <Link {...paths.account()} title={`${me.data?.fullname ?? ""}: password and tokens`}>{me.data?.username ?? "…"}</Link>
            <Button kind="quiet" onClick={signOut}>Sign out</Button>
          </div>
        </div>
      </header>
      <button type="button" className="search-open" onClick={() => setPalette(true)}>
        <NavIcon name="search" /> <span>Search or jump to…</span> <kbd>/</kbd>
      </button>
      <main id="content" tabIndex={-1}>{children}</main>
      {palette && <CommandPalette onClose={() => setPalette(false)} />}
    </div>
  );
}

function LiveState() {
  const state = useStreamState();
  const text = { live: "Live", connecting: "Connecting…", cut: "Connection lost, trying again…" }[state];
  return <p className={`live ${state}`} role="status"><i aria-hidden="true" /><span>{text}</span></p>;
}

function signOut() {
  // The session ends here whatever the server says.
  data(client.POST("/v1/auth/signout")).catch(() => undefined).finally(() => endSession("signed-out"));
}
