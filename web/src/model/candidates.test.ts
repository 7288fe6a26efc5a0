import { expect, test } from "vitest";
import { standing } from "./candidates";
import type { Candidate } from "./types";

const hatchery = (part: Partial<Candidate>): Candidate => ({ hatchery: "h", up: true, fits: true, obstacles: [], idle: [], starting: 0, busy: 0, room: 0, last_error: "", ...part });

test("a hatchery's standing says the nearest reason", () => {
  const text = (part: Partial<Candidate>) => standing(hatchery(part)).text;
  expect(text({ fits: false, idle: ["a"] })).toBe("cannot run it:");
  expect(text({ up: false })).toMatch(/not up/);
  expect(text({ up: false, idle: ["a"] })).toBe("can take it now: 1 worker free (a)");
  expect(text({ idle: ["a", "b", "c", "d", "e", "f"], busy: 9 })).toMatch(/6 workers free \(a, b, c, d, e, …\)/);
  expect(text({ starting: 2, room: 3 })).toMatch(/2 workers on the way/);
  expect(text({ room: 1, busy: 4 })).toMatch(/room for 1 new worker$/);
  expect(text({ busy: 1 })).toMatch(/only worker is busy/);
  expect(text({ busy: 4 })).toMatch(/all 4 workers/);
  expect(standing(hatchery({})).tone).toBe("bad");
});
