import { expect, test } from "vitest";
import { bundle, depths, keep, layout } from "./graph";

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

test.each(["LR", "TB"] as const)("siblings stand in the order of the workflow, and their edges go with them, %s", (direction) => {
  const place = (nodes: ReturnType<typeof node>[]) => {
    const { nodes: placed, edges, width, height } = layout(nodes, direction);
    expect(placed.map((p) => p.name)).toEqual(nodes.map((n) => n.name));
    for (const p of placed) expect([p.x >= 8, p.y >= 8, p.x + p.width <= width, p.y + p.height <= height]).toEqual([true, true, true, true]);
    expect(edges.map((e) => `${e.from} ${e.to}`).sort()).toEqual(nodes.flatMap((n) => n.parents.map((p) => `${p} ${n.name}`)).sort());
    const at = new Map(placed.map((p) => [p.name, direction === "LR" ? p.y : p.x]));
    return (...names: string[]) => names.toSorted((a, b) => (at.get(a) ?? 0) - (at.get(b) ?? 0));
  };
  const leaves = Array.from({ length: 14 }, (_, i) => `leaf-${i}`);
  expect(place([node("root"), ...leaves.map((l) => node(l, ["root"]))])(...leaves)).toEqual(leaves);
  expect(place([node("a"), node("skip", ["a"]), node("b", ["a"]), node("c", ["b"])])("b", "skip")).toEqual(["skip", "b"]);
  const legs = [node("a"), node("x", ["a"]), node("y", ["a"]), node("z", ["a"]), node("x2", ["x"]), node("y2", ["y"]), node("z2", ["z"]), node("all", ["x2", "y2", "z2"], "join")];
  const sorted = place(legs);
  expect([sorted("x", "y", "z"), sorted("x2", "y2", "z2")]).toEqual([["x", "y", "z"], ["x2", "y2", "z2"]]);
  // A way that passes nodes is the way of the same pair as before.
  const { nodes, edges } = layout([node("a"), node("b", ["a"]), node("c", ["b"]), node("d", ["a", "c"])], direction);
  const across = (p: { x: number; y: number } | undefined) => (direction === "LR" ? p?.y : p?.x) ?? NaN;
  const [box, way] = [nodes.find((p) => p.name === "b"), edges.find((e) => e.from === "a" && e.to === "d")];
  for (const point of way?.through ?? []) expect(Math.abs(across(point) - across(box))).toBeGreaterThan(10);
  expect(way?.through.length).toBeGreaterThan(0);
});

test("on narrow screens it goes down", () => {
  const { nodes } = layout([node("a"), node("b", ["a"])], "TB");
  expect(nodes[1]?.y).toBeGreaterThan((nodes[0]?.y ?? 0) + 60);
});

test("unknown parents do no harm", () => {
  expect(layout([node("a", ["gone"])]).nodes).toHaveLength(1);
});

test("two thousand nodes have two thousand places", () => {
  const many = Array.from({ length: 2000 }, (_, i) => node(`n${i}`, i === 0 ? [] : [`n${Math.floor((i - 1) / 3)}`, ...(i > 50 ? [`n${i - 40}`] : [])]));
  const { nodes } = layout(many);
  expect(new Set(nodes.map((n) => `${n.x} ${n.y}`)).size).toBe(2000);
});

test("a chain of ten thousand is no recursion", () => {
  const chain = Array.from({ length: 10_000 }, (_, i) => node(`n${i}`, i ? [`n${i - 1}`] : []));
  expect(depths(chain).get("n9999")).toBe(9999);
});

test("many lines become few, by kind, and none is lost", () => {
  const things = Array.from({ length: 1000 }, (_, i) => i);
  const bundles = bundle(things, (i) => (i % 3 === 0 ? "good" : "bad"), (i) => `M${i} 0`);
  expect(bundles.length).toBeLessThan(100);
  const lines = (kind: string) => bundles.filter((b) => b.kind === kind).flatMap((b) => b.line.split("M").slice(1).map((t) => parseInt(t)));
  expect(lines("good").sort((a, b) => a - b)).toEqual(things.filter((i) => i % 3 === 0));
  expect(lines("bad").sort((a, b) => a - b)).toEqual(things.filter((i) => i % 3 !== 0));
});

test("what has not changed stays the same object, and so does a list in which nothing has", () => {
  const one = (id: string, status: string) => ({ id, status });
  const same = (a: { status: string }, b: { status: string }) => a.status === b.status;
  const before = [one("a", "Success"), one("b", "Building"), one("c", "")];
  expect(keep(before, [one("a", "Success"), one("b", "Building"), one("c", "")], same)).toBe(before);
  const after = keep(before, [one("a", "Success"), one("b", "Fail"), one("c", "")], same);
  expect(after[0]).toBe(before[0]);
  expect(after[1]).toEqual(one("b", "Fail"));
  expect(after[2]).toBe(before[2]);
  expect(keep(before, before.slice(0, 2), same)).toEqual(before.slice(0, 2));
});
