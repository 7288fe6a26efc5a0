import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { Clock } from "../model/clock";
import { FAVICON, tone } from "../model/status";
import { agoPace } from "../model/time";

const clock = new Clock({
  steady: () => performance.now(),
  wall: Date.now,
  hidden: () => document.hidden,
  wait: (ms, then) => setTimeout(then, ms),
  cancel: (timer) => clearTimeout(timer as number),
});
document.addEventListener("visibilitychange", () => clock.looked());

/** The time, renewed while something runs and somebody looks. */
export function useNow(live: boolean, everyMs = 1000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => (live ? clock.start(() => everyMs, setNow) : undefined), [live, everyMs]);
  return now;
}

/** The time for words like "5 min ago"; `newest` is the youngest of what they are about. By the second while something runs. */
export function useAgo(newest: string | undefined, live = false): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => clock.start((at) => (live ? 1000 : agoPace(newest, at)), setNow), [newest, live]);
  return now;
}

/**
 * Why a query has no answer, also while it is tried again: what is shown of that must not come and go with each try.
 */
export function useFault({ error, data, errorUpdateCount }: { error: Error | null; data: unknown; errorUpdateCount: number }): Error | undefined {
  const last = useRef<Error>(undefined);
  if (error) last.current = error;
  else if (data !== undefined || errorUpdateCount === 0) last.current = undefined;
  return last.current;
}

/** A value once it has not changed for some time. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/** Without a title, whoever has it keeps it. */
export function useTitle(title: string | undefined): void {
  useEffect(() => {
    if (title !== undefined) document.title = title ? `${title} · CDS` : "CDS";
  }, [title]);
}

/** Shows a status in the tab's icon until the page is left. */
export function useFavicon(status: string | undefined): void {
  useEffect(() => {
    const link = document.getElementById("favicon") as HTMLLinkElement | null;
    if (!link || status === undefined) return;
    const kind = tone(status);
    const sign = {
      good: '<path d="M9 17l5 5 9-11"/>',
      bad: '<path d="M11 11l10 10M21 11L11 21"/>',
      busy: '<path d="M16 8a8 8 0 1 1-8 8"/>',
      wait: '<path d="M16 9v7l5 3"/>',
      idle: '<path d="M10 16h12"/>',
    }[kind];
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="16" fill="${FAVICON[kind]}"/><g stroke="#fff" stroke-width="3.5" fill="none" stroke-linecap="round" stroke-linejoin="round">${sign}</g></svg>`;
    link.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
    return () => {
      link.href = "/favicon.svg";
    };
  }, [status]);
}

/** Width of an element as it is laid out, in whole pixels; 0 before. */
export function useWidth(of: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!of.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry?.contentRect.width ?? 0)));
    observer.observe(of.current);
    return () => observer.disconnect();
  }, [of]);
  return width;
}

/** Windows of phones, as in the styles. */
export const NARROW = "(max-width: 760px)";

/** Whether a media query holds. */
export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (changed: () => void) => {
      const list = matchMedia(query);
      list.addEventListener("change", changed);
      return () => list.removeEventListener("change", changed);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}

/** Where an element begins in the page: what is above it may wrap and grow. */
export function usePageTop(of: RefObject<HTMLElement | null>): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const look = () => setTop(Math.round((of.current?.getBoundingClientRect().top ?? 0) + scrollY));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [of]);
  return top;
}

/**
 * What has the keyboard may vanish, as a button does once it has done its work. The keyboard then goes to the heading of the
 * part it was in (`data-part`), else of the page: whatever is marked with `data-home`.
 */
export function useFocusKept(): void {
  const last = useRef<{ at: Element; part: Element | null }>(undefined);
  useEffect(() => {
    const came = ({ target }: FocusEvent) => {
      if (target instanceof Element) last.current = { at: target, part: target.closest("[data-part]") };
    };
    // Also what is taken away loses it; only who is still there was left.
    const went = ({ target }: FocusEvent) => void setTimeout(() => {
      if (last.current?.at === target && last.current.at.isConnected && document.activeElement !== target) last.current = undefined;
    });
    document.addEventListener("focusin", came);
    document.addEventListener("focusout", went);
    return () => {
      document.removeEventListener("focusin", came);
      document.removeEventListener("focusout", went);
    };
  }, []);
  useLayoutEffect(() => {
    const { at, part } = last.current ?? {};
    if (!at || at.isConnected || (document.activeElement && document.activeElement !== document.body)) return;
    last.current = undefined;
    const home = (part?.isConnected && part.querySelector<HTMLElement>("[data-home]")) || document.querySelector<HTMLElement>("#content [data-home]");
    home?.focus();
  });
}

/** A yes or no that this browser keeps. */
export function useStored(key: string): [boolean, (value: boolean) => void] {
  const [value, setValue] = useState(() => {
    try {
      return localStorage.getItem(key) === "yes";
    } catch {
      return false;
    }
  });
  return [
    value,
    (next) => {
      setValue(next);
      try {
        localStorage.setItem(key, next ? "yes" : "no");
      } catch {
        // It then lasts as long as the page.
      }
    },
  ];
}
