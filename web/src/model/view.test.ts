import { expect, test } from "vitest";
import { bring, centre, fit, leastZoom, nearest, neighbour, reach, seen, touches, type Area } from "./view";

const box = { width: 1000, height: 400 };
const within = (inner: Area, outer: Area) => inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.width <= outer.x + outer.width && inner.y + inner.height <= outer.y + outer.height;

test("a small graph stands in the middle at its size, a wide one is made smaller, a huge one begins top left", () => {
  expect(fit({ width: 500, height: 200 }, box, 0.35)).toEqual({ zoom: 1, x: 250, y: 100 });
  expect(fit({ width: 1936, height: 100 }, box, 0.35).zoom).toBe(0.5);
  expect(fit({ width: 5000, height: 80_000 }, box, 0.35)).toEqual({ zoom: 0.35, x: 16, y: 16 });
  const plane = { x: 0, y: 0, width: 5000, height: 8000 };
  expect(within(plane, seen(fit(plane, box, leastZoom(plane, box)), box))).toBe(true);
  expect(leastZoom({ width: 5000, height: 8_000_000 }, box), "boxes stay boxes").toBeGreaterThan(0.02);
});

test("nobody loses the graph", () => {
  const plane = { width: 500, height: 200 };
  const [[left, top], [right, bottom]] = reach(plane, box);
  // In a corner of what can be reached, at the largest scale too.
  for (const zoom of [1, 1.5]) {
    const corners = [[left, top], [right - box.width / zoom, bottom - box.height / zoom]] as const;
    for (const [x, y] of corners) expect(touches(seen({ zoom, x: -x * zoom, y: -y * zoom }, box), { x: 0, y: 0, ...plane })).toBe(true);
  }
});

test("a node outside is brought in, one inside moves nothing", () => {
  const view = { zoom: 0.5, x: 0, y: 0 };
  const node = { width: 176, height: 58 };
  expect(bring(view, { x: 100, y: 100, ...node }, box)).toEqual(view);
  const outside = { x: 3000, y: -500, ...node };
  expect(within(outside, seen(bring(view, outside, box), box))).toBe(true);
});

test("arrow keys go to the nearest node ahead, and nowhere beyond the last", () => {
  const at = (name: string, x: number, y: number) => ({ name, x, y, width: 176, height: 58 });
  const all = [at("a", 0, 0), at("b", 220, -40), at("c", 220, 60), at("d", 440, 0), at("below", 0, 400)];
  const go = (from: number, key: string) => neighbour(all, all[from] as Area, key)?.name;
  expect(go(0, "ArrowRight")).toBe("b");
  expect(go(1, "ArrowDown")).toBe("c");
  expect(go(3, "ArrowLeft")).toBe("b");
  expect(go(0, "ArrowDown")).toBe("below");
  expect(go(3, "ArrowRight")).toBeUndefined();
  expect(go(0, "Enter")).toBeUndefined();
  expect(nearest(all, { x: 400, y: -10, width: 100, height: 100 })?.name).toBe("d");
  expect(nearest([], box as Area)).toBeUndefined();
});

test("what does not fit begins around a node, and shows nothing beyond the plane", () => {
  const plane = { width: 3000, height: 200 };
  const view = { zoom: 1, x: 16, y: 100 };
  expect(centre(view, { x: 1400, y: 20, width: 200, height: 60 }, plane, box)).toEqual({ zoom: 1, x: -1000, y: 100 });
  expect(centre(view, { x: 0, y: 20, width: 200, height: 60 }, plane, box).x).toBe(16);
  expect(centre(view, { x: 2800, y: 20, width: 200, height: 60 }, plane, box).x).toBe(box.width - 16 - 3000);
});
