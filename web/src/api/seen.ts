// Streams and tabs. Over plain HTTP a browser has six connections to a server for all its tabs together, so no tab may
// hold one that nobody looks at, and what all of them need is held by one.

/** A tab that is left for a moment keeps its stream. */
const LEFT_MS = 5_000;

/** Runs a stream while somebody looks at this tab. `follow` must go on from where it was when it is called again, and end when its signal says so. */
export async function whileSeen(stop: AbortSignal, follow: (signal: AbortSignal) => Promise<void>): Promise<void> {
  while (!stop.aborted) {
    if (document.hidden && !(await seen(stop))) return;
    const attempt = new AbortController();
    const end = () => attempt.abort();
    stop.addEventListener("abort", end, { once: true });
    let left: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      clearTimeout(left);
      if (document.hidden) left = setTimeout(end, LEFT_MS);
    };
    document.addEventListener("visibilitychange", look);
    try {
      await follow(attempt.signal);
    } finally {
      clearTimeout(left);
      document.removeEventListener("visibilitychange", look);
      stop.removeEventListener("abort", end);
    }
    // It has ended by itself.
    if (!attempt.signal.aborted) return;
  }
}

/** Waits until somebody looks at this tab; false if it is stopped before. */
function seen(stop: AbortSignal): Promise<boolean> {
  return new Promise((done) => {
    const heard = new AbortController();
    const end = () => {
      if (document.hidden && !stop.aborted) return;
      heard.abort();
      done(!stop.aborted);
    };
    document.addEventListener("visibilitychange", end, { signal: heard.signal });
    stop.addEventListener("abort", end, { signal: heard.signal });
    end();
  });
}

/**
 * One tab does something for all tabs of a name and tells them; when it is closed the next one takes over. Where the
 * browser does not let tabs agree (a server by plain HTTP that is not this machine), each does it for itself while it is
 * looked at. `heard` gets what is told, in the tab that tells it too; `joined` is asked for what a new tab must know.
 */
export function oneForAll<Told>(
  name: string,
  stop: AbortSignal,
  lead: (signal: AbortSignal, tell: (told: Told) => void) => Promise<void>,
  heard: (told: Told) => void,
  joined: () => Told,
): void {
  if (!("locks" in navigator) || typeof BroadcastChannel === "undefined") {
    void whileSeen(stop, (signal) => lead(signal, heard));
    return;
  }
  const channel = new BroadcastChannel(name);
  let leads = false;
  channel.onmessage = ({ data }: MessageEvent<{ told: Told } | "joined">) => {
    if (data !== "joined") heard(data.told);
    else if (leads) channel.postMessage({ told: joined() });
  };
  channel.postMessage("joined");
  stop.addEventListener("abort", () => channel.close());
  const tell = (told: Told) => {
    heard(told);
    if (!stop.aborted) channel.postMessage({ told });
  };
  navigator.locks
    .request(name, { signal: stop }, async () => {
      leads = true;
      await lead(stop, tell);
    })
    // It was stopped before its turn came.
    .catch(() => undefined);
}
