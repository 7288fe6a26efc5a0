import { expect, test } from "vitest";
import { depths, layout } from "./graph";

const node = (name: string, parents: string[] = [], kind = "pipeline") => ({ name, kind, parents });

test("children stand right of their parents and nothing overlaps", () => {
  const { nodes } = layout([node("a"), node("b", ["a"]), node("c", ["a"]), node("j", ["b", "c"], "join"), node("d", ["j"])]);
  const at = new Map(nodes.map((n) => [n.name, n]));
  const x = (name: string) => at.get(name)?.x ?? NaN;
  expect(x("a")).toBeLessThan(x("b"));
  expect(x("b")).toBeLessThan(x("j"));
  expect(x("j")).toBeLessThan(x("d"));
  for (const p of nodes) {
    for (const q of nodes) {
      if (p === q) continue;
      const apart = p.x + p.width <= q.x || q.x + q.width <= p.x || p.y + p.height <= q.y || q.y + q.height <= p.y;
      expect(apart, `${p.name} and ${q.name}`).toBe(true);
    }
  }
});

test("on narrow screens it goes down", () => {
  const { nodes } = layout([node("a"), node("b", ["a"])], "TB");
  expect(nodes[1]?.y).toBeGreaterThan((nodes[0]?.y ?? 0) + 60);
});

test("unknown parents do no harm", () => {
  expect(layout([node("a", ["gone"])]).nodes).toHaveLength(1);
});

test("two thousand nodes in under a second", () => {
  const many = Array.from({ length: 2000 }, (_, i) => node(`n${i}`, i === 0 ? [] : [`n${Math.floor((i - 1) / 3)}`, ...(i > 50 ? [`n${i - 40}`] : [])]));
  const began = performance.now();
  const { nodes } = layout(many);
  expect(performance.now() - began).toBeLessThan(1000);
  expect(new Set(nodes.map((n) => `${n.x} ${n.y}`)).size).toBe(2000);
});

test("a chain of ten thousand is no recursion", () => {
  const chain = Array.from({ length: 10_000 }, (_, i) => node(`n${i}`, i ? [`n${i - 1}`] : []));
  expect(depths(chain).get("n9999")).toBe(9999);
});
