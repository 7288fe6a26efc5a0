// Marking lines by mouse, finger and key: which lines the address names next.
import { formatHash, type Range } from "./log";

/** A line of a step. */
export interface Line {
  step: number;
  n: number;
}

/** Lines that are marked, and the one where marking began: a range grows and shrinks at its other end. */
export interface Marks {
  step: number;
  anchor: number;
  range: Range;
}

const span = (step: number, anchor: number, n: number): Marks => ({ step, anchor, range: { from: Math.min(anchor, n), to: Math.max(anchor, n) } });

/** What the address marks. */
export function marksOf(step: number | undefined, range: Range | undefined): Marks | undefined {
  return step === undefined || !range ? undefined : { step, anchor: range.from, range };
}

/** One line alone, or (`to`) all from where marking began to it. Ranges don't go beyond a step. */
export function mark(old: Marks | undefined, { step, n }: Line, to: boolean): Marks {
  return span(step, to && old?.step === step ? old.anchor : n, n);
}

/** Goes from a line to the next one and takes it in. Who has gone elsewhere since begins a new range. */
export function grow(old: Marks | undefined, from: Line, n: number): Marks {
  const goesOn = old?.step === from.step && from.n >= old.range.from && from.n <= old.range.to;
  return span(from.step, goesOn ? old.anchor : from.n, n);
}

/** With a single line marked after others: from those up to it. Where Shift can't be held that is how a range is made. */
export function offer(before: Marks | undefined, now: Marks | undefined): Marks | undefined {
  if (!before || !now || before.step !== now.step || now.range.from !== now.range.to || before.anchor === now.anchor) return undefined;
  return span(now.step, before.anchor, now.anchor);
}

export const marksHash = ({ range }: Marks): string => formatHash(range);

/** As in `Line 7` and `Lines 7–12`. */
export function marksText({ range: { from, to } }: Marks): string {
  const number = (n: number) => (n + 1).toLocaleString("en");
  return from === to ? `Line ${number(from)}` : `Lines ${number(from)}–${number(to)}`;
}
