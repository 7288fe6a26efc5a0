import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Clock } from "./clock";
import { agoPace } from "./time";

let hidden = false;
const clock = () => new Clock({ steady: () => performance.now(), wall: Date.now, hidden: () => hidden, wait: (ms, then) => setTimeout(then, ms), cancel: (t) => clearTimeout(t as number) });

beforeEach(() => {
  hidden = false;
  vi.useFakeTimers({ now: Date.parse("2026-01-01T12:00:00Z") });
});
afterEach(() => vi.useRealTimers());

test("all hands move by one timer, each at its pace", () => {
  const it = clock();
  const told: string[] = [];
  const ends = [it.start(() => 1000, () => told.push("fast")), it.start(() => 3000, () => told.push("slow"))];
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(3000);
  expect(told).toEqual(["fast", "fast", "fast", "slow"]);
  for (const end of ends) end();
  expect(vi.getTimerCount()).toBe(0);
});

test("a hidden page has no timer, and is right at once when it is shown again", () => {
  const it = clock();
  let told = 0;
  it.start(() => 15_000, (now) => (told = now));
  hidden = true;
  it.looked();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(155_000);
  expect(told).toBe(0);
  hidden = false;
  it.looked();
  expect(told).toBe(Date.parse("2026-01-01T12:02:35Z"));
  expect(vi.getTimerCount()).toBe(1);
});

test("a time of day that is set back stops nothing", () => {
  const it = clock();
  let told = 0;
  it.start(() => 1000, () => told++);
  vi.setSystemTime(Date.parse("2026-01-01T11:00:00Z"));
  vi.advanceTimersByTime(1000);
  expect(told).toBe(1);
});

test("what is younger than a minute is told by the second", () => {
  const now = Date.now();
  const at = (s: number) => new Date(now - s * 1000).toISOString();
  expect([agoPace(at(5), now), agoPace(at(70), now), agoPace(undefined, now)]).toEqual([1000, 15_000, 15_000]);
});
