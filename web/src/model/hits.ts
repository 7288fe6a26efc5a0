// What a search has found in the steps of a log, by place. The server tells the first places of each step; of what is
// found more often the rest is asked for when somebody goes on to it. A step that still prints is looked into again,
// from where it ended before.

export interface Hit {
  step: number;
  line: number;
}

/** What is known of one step, or what an answer says of it. */
export interface StepHits {
  step: number;
  /** Lines, rising, each once. */
  lines: number[];
  /** There may be more behind the last one. */
  more: boolean;
  /** Lines may still come. */
  grows: boolean;
  /** The first line that was not looked into, or may have changed since. */
  next: number;
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

  /** The place of a hit; -1 of one that is not there, or not any more. */
  indexOf(hit: Hit): number {
    let before = 0;
    for (const { step, lines } of this.steps) {
      const index = step === hit.step ? lines.indexOf(hit.line) : -1;
      if (index >= 0) return before + index;
      before += lines.length;
    }
    return -1;
  }

  /** The place after (`by` 1) or before (-1) another; behind the last one comes the first. From none (-1), the first or the last. */
  next(index: number, by: 1 | -1): number {
    return index < 0 && by === -1 ? this.count - 1 : (index + by + this.count) % this.count;
  }

  /**
   * From where on steps must be asked before one goes on from a place: else some would be passed over. Whoever comes from
   * behind asks until there is nothing left; those that print are `asked` once, as they may never end.
   */
  gaps(index: number, by: 1 | -1, asked = false): Hit[] {
    const open = (steps: readonly StepHits[]) => this.from(asked ? steps.filter((s) => s.more) : steps);
    if (this.count === 0) return open(this.steps);
    const [before, after] = index < 0 ? [this.at(this.count - 1), this.at(0)] : by === 1 ? [this.at(index), this.at(this.next(index, 1))] : [this.at(this.next(index, -1)), this.at(index)];
    if (!before || !after || (before.step === after.step && before.line < after.line)) return [];
    // What is not known stands behind the last known place of a step, up to the step of the place after it.
    const passed: StepHits[] = [];
    const begin = this.steps.findIndex((s) => s.step === before.step);
    for (let n = 0; n < this.steps.length; n++) {
      const step = this.steps[(begin + n) % this.steps.length] as StepHits;
      if (n > 0 && step.step === after.step) break;
      passed.push(step);
    }
    return open(passed);
  }

  /** From where on steps that print are asked for what they have printed since. Of one with more there is no end to tell yet. */
  get growth(): Hit[] {
    return this.from(this.steps.filter((s) => !s.more));
  }

  private from(steps: readonly StepHits[]): Hit[] {
    return steps.filter((s) => s.more || s.grows).map((s) => ({ step: s.step, line: s.next }));
  }

  /** Steps that were not asked: they began later. */
  unknown(steps: readonly number[]): Hit[] {
    return steps.filter((step) => !this.steps.some((s) => s.step === step)).map((step) => ({ step, line: 0 }));
  }

  /** With an answer of a step from a line on: what was known from there on, it replaces. */
  with(answer: StepHits, from: number): Hits {
    const known = this.steps.find((s) => s.step === answer.step);
    if (!known) return new Hits([...this.steps, answer].sort((a, b) => a.step - b.step));
    const lines = [...known.lines.filter((line) => line < from), ...answer.lines];
    return new Hits(this.steps.map((s) => (s === known ? { ...answer, lines } : s)));
  }

  /** As in `3 of 2,000+`; without a place that was gone to, `2,000+ found`. */
  text(index: number): string {
    if (this.count === 0) return "Not found";
    const count = `${this.count.toLocaleString("en")}${this.more ? "+" : ""}`;
    return index < 0 ? `${count} found` : `${(index + 1).toLocaleString("en")} of ${count}`;
  }
}
