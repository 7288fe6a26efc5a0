// The bearer token: in memory, and in the storage that all tabs of this server share, so that links open in new tabs and
// a browser comes back signed in. Storage is of one origin: two servers on one machine keep a session each.
import { useSyncExternalStore } from "react";

const KEY = "cds.token";

/** How the last session of this page ended, for the sign-in to say so. */
export type Ended = "expired" | "signed-out" | undefined;
let ended: Ended;
let token: string | null = stored() ?? null;
const listeners = new Set<() => void>();

/** What is stored; undefined where nothing can be, as in some private windows: the token then lives as long as the page. */
function stored(): string | null | undefined {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return undefined;
  }
}

export function getToken(): string | null {
  return token;
}

export function setToken(value: string | null): void {
  try {
    if (value) localStorage.setItem(KEY, value);
    else localStorage.removeItem(KEY);
  } catch {
    // See `stored`.
  }
  enter(value);
}

/** Ends the session, in every tab. */
export function endSession(how: Ended): void {
  ended = how;
  setToken(null);
}

/** The server refused this token. If another tab has signed in meanwhile, that session holds and is taken here too. */
export function refused(value: string): void {
  if (value !== token) return;
  const now = stored();
  if (now && now !== value) follow(now);
  else endSession("expired");
}

/** Another tab has signed in or out. */
function follow(value: string | null): void {
  if (value === token) return;
  ended = value ? undefined : "expired";
  // Somebody else may have signed in: first all is left that the former one has read.
  if (value && token) setTimeout(() => follow(stored() ?? null));
  enter(value && token ? null : value);
}

function enter(value: string | null): void {
  token = value;
  for (const listener of listeners) listener();
}

// Without a key, all was cleared.
globalThis.addEventListener?.("storage", ({ key, storageArea }) => storageArea === localStorage && (key === KEY || key === null) && follow(stored() ?? null));
// A page that the way back brings out of the browser's memory has heard of nothing meanwhile.
globalThis.addEventListener?.("pageshow", ({ persisted }) => persisted && stored() !== undefined && follow(stored() ?? null));

export function useEnded(): Ended {
  return useSyncExternalStore(() => () => undefined, () => ended);
}

export function useToken(): string | null {
  return useSyncExternalStore((changed) => {
    listeners.add(changed);
    return () => listeners.delete(changed);
  }, getToken);
}
