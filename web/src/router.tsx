// A small router: the address is the state. Pages are in routes.tsx.
import { type AnchorHTMLAttributes, type MouseEvent, useMemo, useSyncExternalStore } from "react";

const CHANGED = "cds:navigate";

function subscribe(changed: () => void): () => void {
  for (const name of ["popstate", "hashchange", CHANGED]) addEventListener(name, changed);
  return () => {
    for (const name of ["popstate", "hashchange", CHANGED]) removeEventListener(name, changed);
  };
}

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  const same = to === location.pathname + location.search + location.hash;
  if (options.replace || same) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  dispatchEvent(new Event(CHANGED));
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

export function useHash(): string {
  return useSyncExternalStore(subscribe, () => location.hash);
}

/** Query parameters and a setter that keeps the others; empty values vanish from the address. */
export function useQueryState(): [URLSearchParams, (changes: Record<string, string | undefined>, hash?: string) => void] {
  const search = useSyncExternalStore(subscribe, () => location.search);
  const parameters = useMemo(() => new URLSearchParams(search), [search]);
  return [parameters, setQuery];
}

function setQuery(changes: Record<string, string | undefined>, hash = ""): void {
  const next = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  const text = next.toString();
  navigate(location.pathname + (text ? `?${text}` : "") + hash, { replace: true });
}

/** An inner link: a plain click stays in the page, everything else is the browser's. */
export function Link({ to, onClick, ...rest }: { to: string } & AnchorHTMLAttributes<HTMLAnchorElement>) {
  const click = (e: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(e);
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    navigate(to);
    scrollTo(0, 0);
  };
  return <a href={to} onClick={click} {...rest} />;
}

/** Values of a pattern's `:names` if the path matches. */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/").filter(Boolean);
  const given = path.split("/").filter(Boolean);
  if (wanted.length !== given.length) return undefined;
  const values: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const value = given[i] as string;
    if (part.startsWith(":")) {
      try {
        values[part.slice(1)] = decodeURIComponent(value);
      } catch {
        return undefined;
      }
    } else if (part !== value) return undefined;
  }
  return values;
}
