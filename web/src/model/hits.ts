// What a search has found in the steps of a log, by place. The server tells the first places of each step; of what is
// found more often the rest is asked for when somebody goes on to it.

export interface Hit {
  step: number;
  line: number;
}

/** What is known of one step. */
export interface StepHits {
  step: number;
  /** Lines, rising, each once. */
  lines: number[];
  /** There may be more behind the last one. */
  more: boolean;
}

/** How many places are asked for at first, and of a step that has more each time: the server tells no more at once. */
export const FIRST = 2000;
export const MORE = 10_000;

export class Hits {
  readonly count: number;

  constructor(private readonly steps: readonly StepHits[]) {
    this.count = steps.reduce((n, s) => n + s.lines.length, 0);
  }

  /** Lines beyond those counted hold the text too. */
  get more(): boolean {
    return this.steps.some((s) => s.more);
  }

  at(index: number): Hit | undefined {
    let rest = index;
    for (const { step, lines } of this.steps) {
      if (rest < lines.length) return rest < 0 ? undefined : { step, line: lines[rest] as number };
      rest -= lines.length;
    }
    return undefined;
  }

  indexOf(hit: Hit): number {
    let before = 0;
    for (const { step, lines } of this.steps) {
      if (step === hit.step) return before + lines.indexOf(hit.line);
      before += lines.length;
    }
    return -1;
  }

  /** The place after (`by` 1) or before (-1) another; behind the last one comes the first. */
  next(index: number, by: 1 | -1): number {
    return (index + by + this.count) % this.count;
  }

  /** From where on more must be asked before one goes on from a place: else some would be passed over. */
  gap(index: number, by: 1 | -1): Hit | undefined {
    // What is not known stands behind the last known place of a step.
    const last = this.at(by === 1 ? index : this.next(index, -1));
    const of = last && this.steps.find((s) => s.step === last.step);
    if (!last || !of?.more || of.lines.at(-1) !== last.line) return undefined;
    return { step: of.step, line: last.line + 1 };
  }

  /** With what comes behind the last known place of a step. */
  with(next: StepHits): Hits {
    return new Hits(this.steps.map((s) => (s.step === next.step ? { ...next, lines: [...s.lines, ...next.lines] } : s)));
  }

  /** As in `3 of 2,000+`. */
  text(index: number): string {
    if (this.count === 0) return "Not found";
    return `${(index + 1).toLocaleString("en")} of ${this.count.toLocaleString("en")}${this.more ? "+" : ""}`;
  }
}
