// One timer for everything on a page that tells how long ago something was.

/** What a clock runs on. */
export interface Works {
  /** Milliseconds that only grow, whatever happens to the time of day. */
  steady: () => number;
  wall: () => number;
  hidden: () => boolean;
  wait: (ms: number, then: () => void) => unknown;
  cancel: (timer: unknown) => void;
}

interface Hand {
  due: number;
  pace: (now: number) => number;
  tell: (now: number) => void;
}

/** Hands of different paces on one timer; none runs where nobody looks. */
export class Clock {
  private readonly hands = new Set<Hand>();
  private timer: unknown;

  constructor(private readonly works: Works) {}

  /** Tells the time again and again, `pace` milliseconds apart, until the answer is called. */
  start(pace: (now: number) => number, tell: (now: number) => void): () => void {
    const hand = { due: this.works.steady() + pace(this.works.wall()), pace, tell };
    this.hands.add(hand);
    this.plan();
    return () => {
      this.hands.delete(hand);
      this.plan();
    };
  }

  /** The page was shown or hidden. What stood still meanwhile is right at once. */
  looked(): void {
    if (!this.works.hidden()) this.tick(Infinity);
    this.plan();
  }

  private plan(): void {
    if (this.timer !== undefined) this.works.cancel(this.timer);
    this.timer = undefined;
    if (this.hands.size === 0 || this.works.hidden()) return;
    const due = Math.min(...[...this.hands].map((hand) => hand.due));
    this.timer = this.works.wait(Math.max(0, due - this.works.steady()), () => {
      this.timer = undefined;
      this.tick(this.works.steady() + TOGETHER);
      this.plan();
    });
  }

  private tick(until: number): void {
    const now = this.works.wall();
    for (const hand of [...this.hands]) {
      if (hand.due > until) continue;
      hand.due = this.works.steady() + hand.pace(now);
      hand.tell(now);
    }
  }
}

/** What is due so soon is told along. */
const TOGETHER = 100;
