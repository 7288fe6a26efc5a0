// The bearer token: in memory, and in this tab's session storage so that a reload keeps it.
import { useSyncExternalStore } from "react";

const KEY = "cds.token";
let token: string | null = read();
const listeners = new Set<() => void>();

function read(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function getToken(): string | null {
  return token;
}

export function setToken(value: string | null): void {
  token = value;
  try {
    if (value) sessionStorage.setItem(KEY, value);
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without storage the token lives as long as the page.
  }
  for (const listener of listeners) listener();
}

/** How the last session of this page ended, for the sign-in to say so. */
export type Ended = "expired" | "signed-out" | undefined;
let ended: Ended;

/** Ends the session in this page. */
export function endSession(how: Ended): void {
  ended = how;
  setToken(null);
}

export function useEnded(): Ended {
  return useSyncExternalStore(() => () => undefined, () => ended);
}

export function useToken(): string | null {
  return useSyncExternalStore((changed) => {
    listeners.add(changed);
    return () => listeners.delete(changed);
  }, getToken);
}
