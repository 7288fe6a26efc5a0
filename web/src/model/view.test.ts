import { expect, test } from "vitest";
import { around, bring, fit, hold, leastScale, seen, touches, within, zoom } from "./view";

const box = { width: 1000, height: 400 };

test("a small graph stands in the middle at its size, a wide one is made smaller, a huge one begins top left", () => {
  expect(fit({ width: 500, height: 200 }, box, 0.35)).toEqual({ scale: 1, x: 250, y: 100 });
  expect(fit({ width: 1936, height: 100 }, box, 0.35).scale).toBe(0.5);
  expect(fit({ width: 5000, height: 80_000 }, box, 0.35)).toEqual({ scale: 0.35, x: 16, y: 16 });
  const all = leastScale({ width: 5000, height: 80_000 }, box);
  const view = fit({ width: 5000, height: 80_000 }, box, all);
  expect(within({ left: 0, top: 0, right: 5000, bottom: 80_000 }, seen(view, box))).toBe(true);
});

test("zooming leaves the point under the pointer where it is", () => {
  const view = { scale: 0.5, x: 30, y: -70 };
  const at = { x: 321, y: 123 };
  const there = (v: typeof view) => [(at.x - v.x) / v.scale, (at.y - v.y) / v.scale];
  for (const factor of [1.2, 0.3, 7]) {
    const next = zoom(view, factor, at, 0.1, 1.5);
    expect(next.scale).toBeCloseTo(Math.min(1.5, 0.5 * factor));
    expect(there(next)[0]).toBeCloseTo(there(view)[0] as number);
    expect(there(next)[1]).toBeCloseTo(there(view)[1] as number);
  }
});

test("nobody loses the graph", () => {
  const plane = { width: 500, height: 200 };
  for (const x of [-9999, 9999]) {
    const area = seen(hold({ scale: 1, x, y: x }, plane, box), box);
    expect(touches(area, { left: 0, top: 0, right: 500, bottom: 200 })).toBe(true);
  }
});

test("a node outside is brought in, one inside moves nothing", () => {
  const view = { scale: 0.5, x: 0, y: 0 };
  const inside = { left: 100, top: 100, right: 276, bottom: 158 };
  expect(bring(view, inside, box)).toEqual(view);
  const outside = { left: 3000, top: -500, right: 3176, bottom: -442 };
  expect(within(outside, seen(bring(view, outside, box), box))).toBe(true);
});

test("what is drawn reaches beyond what is seen", () => {
  const area = { left: 0, top: 0, right: 100, bottom: 50 };
  expect(around(area)).toEqual({ left: -50, top: -25, right: 150, bottom: 75 });
  expect(within(area, around(area))).toBe(true);
});
