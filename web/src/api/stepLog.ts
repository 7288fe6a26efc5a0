// One step's log: ranges of lines on demand, the end live. No React: views subscribe to changes.
import { type Style, styleOf } from "../model/ansi";
import type { StepHits } from "../model/hits";
import { LineAssembler, LineCache, PAGE, readPiece } from "../model/log";
import type { LogLine, LogLines } from "../model/types";
import { client, data, Failure, mayPass } from "./client";
import { Patience } from "./patience";
import { whileSeen } from "./seen";
import { followStream } from "./stream";

export class StepLog {
  private readonly cache = new LineCache();
  private readonly loading = new Set<number>();
  private readonly stopper = new AbortController();
  private readonly patience = new Patience(this.stopper.signal);
  private began = false;
  private pieces = 0;
  /** `away`: the server can't be reached, and is tried again. */
  state: "idle" | "loading" | "away" | "following" | "cut" | "complete" | "failed" = "idle";
  error = "";

  constructor(
    readonly job: string,
    readonly attempt: number,
    readonly step: number,
    private readonly changed: () => void,
  ) {}

  get total(): number {
    return this.cache.total;
  }

  /** Another number once something was printed; unknown where the end is not followed. */
  get printed(): number | undefined {
    return this.state === "following" ? this.pieces : undefined;
  }

  line(n: number): LogLine | undefined {
    return this.cache.get(n);
  }

  /** Colours that a line inherits from those before it. */
  style(n: number): Style | undefined {
    return this.cache.style(n);
  }

  /**
   * Reads a page of the log and, while it grows, follows it. `live`: the step has not ended. `at`: the line to be
   * looked at, negative from the end. While the server is away it goes on trying.
   */
  async open(live: boolean, at: number): Promise<void> {
    if (this.began) return;
    this.began = true;
    this.enter("loading");
    while (!this.stopper.signal.aborted) {
      try {
        return await this.begin(live, at);
      } catch (e) {
        if (this.stopper.signal.aborted) return;
        this.error = e instanceof Error ? e.message : String(e);
        this.enter(mayPass(e) ? "away" : "failed");
        if (!mayPass(e)) return;
        await this.patience.wait();
      }
    }
  }

  private async begin(live: boolean, at: number): Promise<void> {
    const near = at < 0 ? -PAGE : Math.max(0, Math.floor(at / PAGE) * PAGE);
    let end = await this.fetchLines(live ? -PAGE : near, PAGE);
    if (!live && !end.complete && end.total > end.first + end.lines.length) end = await this.fetchLines(-PAGE, PAGE);
    this.patience.reset();
    this.cache.total = end.total;
    this.cache.add(end.lines, styleOf(end.sgr ?? ""));
    if (end.complete || (!live && end.total === 0)) return this.enter("complete");
    this.enter("following");
    await this.follow(new LineAssembler(end.lines.at(-1) ?? { n: 0, offset: 0 }));
  }

  close(): void {
    this.stopper.abort();
  }

  /** Asks for the lines in view that are not known yet. */
  need(from: number, to: number): void {
    this.cache.trim(from, to);
    for (const page of this.cache.missing(from, to)) {
      if (this.loading.has(page)) continue;
      this.loading.add(page);
      void this.readPage(page);
    }
  }

  private async readPage(page: number): Promise<void> {
    try {
      const got = await this.fetchLines(page, PAGE);
      this.patience.reset();
      this.cache.add(got.lines, styleOf(got.sgr ?? ""));
      this.cache.total = Math.max(this.cache.total, got.total);
    } catch (e) {
      // A page that is refused stays asked for: asking again would change nothing.
      if (!mayPass(e)) return;
      await this.patience.wait();
    }
    this.loading.delete(page);
    // The view draws, and thereby asks again for what it still shows and does not have.
    if (!this.stopper.signal.aborted) this.changed();
  }

  /** Lines that hold a text, from one on: those of the first places, at most so many. `live`: the step has not ended. */
  async search(q: string, from: number, max: number, live: boolean): Promise<StepHits> {
    const path = { job: this.job, attempt: this.attempt, step: this.step };
    try {
      // Before the search: what is printed while it goes on is looked into the next time, and so is the last line, which may grow.
      const end = await this.fetchLines(-1, 1);
      const found = await data(
        client.GET("/v1/jobs/{job}/attempts/{attempt}/steps/{step}/search", { params: { path, query: { q, from, max } } }),
      );
      const lines = [...new Set(found.map((m) => m.line))];
      const more = found.length >= max;
      return { step: this.step, lines, more, grows: !end.complete && (live || end.total > 0), next: more ? (lines.at(-1) ?? from) + 1 : Math.max(from, end.total - 1) };
    } catch (e) {
      if (e instanceof Failure && e.status === 404) return { step: this.step, lines: [], more: false, grows: live, next: from };
      throw e;
    }
  }

  /** Address of the whole text. */
  get rawPath(): string {
    return `/v1/jobs/${this.job}/attempts/${this.attempt}/steps/${this.step}/log`;
  }

  private fetchLines(first: number, count: number): Promise<LogLines> {
    const path = { job: this.job, attempt: this.attempt, step: this.step };
    return data(client.GET("/v1/jobs/{job}/attempts/{attempt}/steps/{step}/lines", { params: { path, query: { first, count } } }));
  }

  private async follow(assembler: LineAssembler): Promise<void> {
    await whileSeen(this.stopper.signal, (signal) => followStream({
      url: () => `/v1/jobs/${this.job}/attempts/${this.attempt}/steps/${this.step}/follow?offset=${assembler.offset}`,
      sendId: false,
      signal,
      onOpen: () => this.enter("following"),
      onCut: () => this.enter("cut"),
      onMessage: (message) => {
        if (message.event === "end") return this.enter("complete"), "end";
        if (message.event !== "bytes") return;
        const lines = assembler.push(readPiece(message.data, Date.now()));
        if (!lines) return "again";
        this.cache.add(lines);
        this.pieces += 1;
        const last = lines.at(-1);
        if (last) {
          this.cache.total = Math.max(this.cache.total, last.n + 1);
          this.cache.trim(this.cache.total, this.cache.total);
        }
        this.changed();
      },
    }));
  }

  private enter(state: StepLog["state"]): void {
    this.state = state;
    this.changed();
  }
}
