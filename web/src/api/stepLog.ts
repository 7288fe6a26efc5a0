// One step's log: ranges of lines on demand, the end live. No React: views subscribe to changes.
import { type Style, styleOf } from "../model/ansi";
import { LineAssembler, LineCache, PAGE } from "../model/log";
import type { LogLine, LogLines } from "../model/types";
import { client, data, Failure } from "./client";
import { followStream } from "./stream";

export class StepLog {
  private readonly cache = new LineCache();
  private readonly loading = new Set<number>();
  private readonly stopper = new AbortController();
  private began = false;
  state: "idle" | "loading" | "following" | "cut" | "complete" | "failed" = "idle";
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

  line(n: number): LogLine | undefined {
    return this.cache.get(n);
  }

  /** Colours that a line inherits from those before it. */
  style(n: number): Style | undefined {
    return this.cache.style(n);
  }

  /**
   * Reads a page of the log and, while it grows, follows it. `live`: the step has not ended. `at`: the line to be
   * looked at, negative from the end.
   */
  async open(live: boolean, at: number): Promise<void> {
    if (this.began) return;
    this.began = true;
    this.state = "loading";
    try {
      const near = at < 0 ? -PAGE : Math.max(0, Math.floor(at / PAGE) * PAGE);
      let end = await this.fetchLines(live ? -PAGE : near, PAGE);
      if (!live && !end.complete && end.total > end.first + end.lines.length) end = await this.fetchLines(-PAGE, PAGE);
      this.cache.total = end.total;
      this.cache.add(end.lines, styleOf(end.sgr ?? ""));
      if (end.complete || (!live && end.total === 0)) {
        this.state = "complete";
        this.changed();
        return;
      }
      this.state = "following";
      this.changed();
      const last = end.lines.at(-1);
      await this.follow(new LineAssembler(last?.n ?? 0, last?.offset ?? 0));
    } catch (e) {
      if (this.stopper.signal.aborted) return;
      this.began = false;
      this.state = "failed";
      this.error = e instanceof Error ? e.message : String(e);
      this.changed();
    }
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
      this.fetchLines(page, PAGE)
        .then((got) => {
          this.cache.add(got.lines, styleOf(got.sgr ?? ""));
          this.cache.total = Math.max(this.cache.total, got.total);
          this.changed();
        })
        .catch((e: unknown) => {
          // The view asks again as long as the lines are in it; not at once.
          this.error = e instanceof Error ? e.message : String(e);
        })
        .finally(() => setTimeout(() => this.loading.delete(page), 500));
    }
  }

  /** Lines that hold a text, over the whole log. */
  async search(q: string): Promise<number[]> {
    const path = { job: this.job, attempt: this.attempt, step: this.step };
    try {
      const found = await data(
        client.GET("/v1/jobs/{job}/attempts/{attempt}/steps/{step}/search", { params: { path, query: { q, max: 2000 } } }),
      );
      return [...new Set(found.map((m) => m.line))];
    } catch (e) {
      if (e instanceof Failure && e.status === 404) return [];
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
    const encoder = new TextEncoder();
    await followStream({
      url: () => `/v1/jobs/${this.job}/attempts/${this.attempt}/steps/${this.step}/follow?offset=${assembler.offset}`,
      sendId: false,
      signal: this.stopper.signal,
      onOpen: () => this.enter("following"),
      onCut: () => this.enter("cut"),
      onMessage: (message) => {
        if (message.event === "end") return this.enter("complete"), "end";
        if (message.event !== "bytes") return;
        const piece = JSON.parse(message.data) as { offset: number; text?: string; base64?: string };
        const bytes = piece.text !== undefined ? encoder.encode(piece.text) : Uint8Array.from(atob(piece.base64 ?? ""), (c) => c.charCodeAt(0));
        const lines = assembler.push(piece.offset, bytes, Date.now());
        if (!lines) return "again";
        this.cache.add(lines);
        const last = lines.at(-1);
        if (last) {
          this.cache.total = Math.max(this.cache.total, last.n + 1);
          this.cache.trim(this.cache.total, this.cache.total);
        }
        this.changed();
      },
    });
  }

  private enter(state: StepLog["state"]): void {
    this.state = state;
    this.changed();
  }
}
