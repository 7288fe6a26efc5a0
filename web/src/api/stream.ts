// Event streams over fetch: resumed by the last id, with a growing pause between attempts, and a state to show.
import type { Query, QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { type Message, SseParser } from "../model/sse";
import type { Event } from "../model/types";
import { Failure, mayPass, raw } from "./client";
import { News } from "./news";
import { Patience } from "./patience";
import { oneForAll } from "./seen";

export interface StreamOptions {
  /** The address; called anew for each attempt. */
  url: (lastId: string) => string;
  onMessage: (message: Message) => void | "end" | "again";
  onOpen?: () => void;
  onCut?: () => void;
  signal: AbortSignal;
  lastId?: string;
  /** False where the address itself says where to go on. */
  sendId?: boolean;
}

/** Silence for longer than this means that the connection is dead: the server says something every 15 s. */
const SILENCE_MS = 40_000;

/** Follows a stream until it says that it ended, or the signal stops it. */
export async function followStream(options: StreamOptions): Promise<void> {
  const { signal } = options;
  let lastId = options.lastId ?? "";
  const patience = new Patience(signal);
  while (!signal.aborted) {
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    signal.addEventListener("abort", abort, { once: true });
    let watchdog = setTimeout(abort, SILENCE_MS);
    try {
      const headers: Record<string, string> = { accept: "text/event-stream" };
      if (lastId && options.sendId !== false) headers["last-event-id"] = lastId;
      const response = await raw(options.url(lastId), { headers, signal: attempt.signal, cache: "no-store" });
      options.onOpen?.();
      let verdict: undefined | void | "end" | "again" = undefined as undefined | "end" | "again";
      const parser = new SseParser((message) => {
        if (verdict) return;
        verdict = options.onMessage(message);
        if (message.id && verdict !== "again") lastId = message.id;
      });
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const decoder = new TextDecoder();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        clearTimeout(watchdog);
        watchdog = setTimeout(abort, SILENCE_MS);
        patience.reset();
        parser.push(decoder.decode(value, { stream: true }));
        if (verdict === "end") return void reader.cancel();
        if (verdict === "again") {
          void reader.cancel();
          break;
        }
      }
    } catch (e) {
      if (e instanceof Failure && e.status === 401) return;
    } finally {
      clearTimeout(watchdog);
      signal.removeEventListener("abort", abort);
    }
    if (signal.aborted) return;
    options.onCut?.();
    await patience.wait();
  }
}

export type StreamState = "connecting" | "live" | "cut";
let state: StreamState = "connecting";
const listeners = new Set<() => void>();

function setState(next: StreamState): void {
  if (state === next) return;
  state = next;
  for (const listener of listeners) listener();
}

export function useStreamState(): StreamState {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => state,
  );
}

/** A reading that has failed for a reason that may pass, or waits between two tries. */
const failed = ({ state }: Query) => (state.status === "error" && mayPass(state.error)) || (state.fetchStatus !== "idle" && state.fetchFailureCount > 0);

/**
 * Reads again, now, what could not be read while the server was away: what has failed, and what waits between two tries.
 */
async function readFailed(queryClient: QueryClient): Promise<void> {
  const hashes = new Set(queryClient.getQueryCache().findAll({ predicate: failed }).map((q) => q.queryHash));
  const among = { predicate: (q: Query) => hashes.has(q.queryHash) };
  await queryClient.cancelQueries(among);
  await queryClient.invalidateQueries(among);
}

/** What changes from one moment to the next. */
const MOVING = new Set<unknown>(["run", "runs", "queue", "workers", "hatcheries"]);

/** A reading that was begun and is of something that moves. */
const moves = ({ queryKey, state }: Query) => MOVING.has(queryKey[0]) && (state.data !== undefined || state.fetchStatus !== "idle");

/** What the tab with the stream tells the others. */
type Told = { message: Message } | { state: StreamState };

/** The one stream of events of all tabs: marks what it names as stale. Several events of a moment cause one reading. */
export function startEvents(queryClient: QueryClient, session: string): () => void {
  const stop = new AbortController();
  const news = new News(queryClient);
  let lastId = "";
  const lead = (signal: AbortSignal, tell: (told: Told) => void) => {
    // Taken over from a tab that was closed, and no event is known to go on from.
    if (state === "live" && !lastId) tell({ state: "cut" });
    return followStream({
      url: () => "/v1/events",
      signal,
      lastId,
      onOpen: () => tell({ state: "live" }),
      onCut: () => tell({ state: "cut" }),
      onMessage: (message) => tell({ message }),
    });
  };
  const heard = (told: Told) => {
    if (stop.signal.aborted) return;
    if ("message" in told) {
      if (told.message.id) lastId = told.message.id;
      if (told.message.data) news.take(JSON.parse(told.message.data) as Event);
      return;
    }
    const before = state;
    setState(told.state);
    if (told.state !== "live" || before === "live") return;
    void readFailed(queryClient);
    // After a cut all may be new. At the start it is what has changed between the first reading, which does not wait for the
    // stream, and its opening.
    void queryClient.invalidateQueries(before === "cut" ? undefined : { predicate: moves });
  };
  oneForAll<Told>(`cds.events.${session}`, stop.signal, lead, heard, () => ({ state }));
  return () => {
    stop.abort();
    news.stop();
    setState("connecting");
  };
}
