// How long to wait before the next attempt to reach the server.

const FIRST_MS = 250;
/** While somebody looks, a server that is back is noticed within two seconds; tabs that nobody sees ask less often. */
const SEEN_MS = 1500;
const UNSEEN_MS = 10_000;

/** Pauses that grow from one attempt to the next, until one goes well. */
export class Patience {
  private ms = FIRST_MS;

  constructor(private readonly signal: AbortSignal) {}

  /** An attempt went well. */
  reset(): void {
    this.ms = FIRST_MS;
  }

  /** Ends early when there is a reason to try now: the tab is looked at again, the network is back, nobody waits any more. */
  async wait(): Promise<void> {
    const most = document.hidden ? UNSEEN_MS : SEEN_MS;
    // A little chance in the pause, so that not all tabs come back at once.
    const ms = Math.min(this.ms, most) * (0.75 + Math.random() / 2);
    this.ms = Math.min(this.ms * 2, UNSEEN_MS);
    await new Promise<void>((done) => {
      const heard = new AbortController();
      const end = () => {
        clearTimeout(timer);
        heard.abort();
        done();
      };
      const timer = setTimeout(end, ms);
      const { signal } = heard;
      addEventListener("online", end, { signal });
      document.addEventListener("visibilitychange", () => document.hidden || end(), { signal });
      this.signal.addEventListener("abort", end, { signal });
      if (this.signal.aborted) end();
    });
  }
}
