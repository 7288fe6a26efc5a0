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
  /** How many places were asked for. */
  asked: number;
  /** There are more behind the last one. */
  more: boolean;
}

/** How many places are asked for at first, and at most: the server tells no more. */
export const FIRST = 2000;
export const MOST = 10_000;

export class Hits {
  readonly count: number;

  constructor(private readonly steps: readonly StepHits[]) {
    this.count = steps.reduce((n, s) => n + s.lines.length, 0);
  }

  /** Lines beyond those counted hold the text too. */
  get more(): boolean {
    return this.steps.some((s) => s.more);
  }

  /** Some of these are out of reach: not even the most that can be asked for has them. */
  get beyond(): boolean {
    return this.steps.some((s) => s.more && s.asked >= MOST);
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

  /** The step of which more must be asked before one goes on from a place: else some would be passed over. */
  gap(index: number, by: 1 | -1): number | undefined {
    // What is not known stands behind the last known place of a step.
    const last = this.at(by === 1 ? index : this.next(index, -1));
    const of = last && this.steps.find((s) => s.step === last.step);
    if (!of?.more || of.asked >= MOST || of.lines.at(-1) !== last?.line) return undefined;
    return of.step;
  }

  /** With what is known of a step now. */
  with(known: StepHits): Hits {
    return new Hits(this.steps.map((s) => (s.step === known.step ? known : s)));
  }

  /** As in `3 of 2,000+`. */
  text(index: number): string {
    if (this.count === 0) return "Not found";
    return `${(index + 1).toLocaleString("en")} of ${this.count.toLocaleString("en")}${this.more ? "+" : ""}`;
  }
}
