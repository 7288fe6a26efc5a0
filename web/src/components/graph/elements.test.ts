import { expect, test } from "vitest";
import { keep, layout } from "../../model/graph";
import { runView } from "../../model/runView";
import type { Run } from "../../model/types";
import { flowEdges, flowNodes, sameEdge, sameNode } from "./elements";

const node = (name: string, parents: string[]) => ({ name, kind: "pipeline", parents, pipeline: name, application: "", environment: "" });
const nodes = [node("build", []), node("unit", ["build"]), node("browser", ["build"]), node("deploy", ["unit", "browser"])];
const of = (id: number, name: string, status: string) => ({ id, node: name, status, sub_number: 0, stages: [] });
// What the cache gives: of a run that is read anew, what is equal is the same object.
const first = { nodes, not_run: [], node_runs: [of(1, "build", "Success"), of(2, "unit", "Building"), of(3, "browser", "Building")] } as unknown as Run;
const next = { ...first, node_runs: [first.node_runs[0], of(2, "unit", "Success"), first.node_runs[2]] } as unknown as Run;

const placed = layout(nodes);
const elements = (run: Run, selected?: string) => {
  const view = runView(run);
  const byName = new Map(run.nodes.map((n) => [n.name, n]));
  return { nodes: flowNodes({ placed, nodes: byName, view, selected, active: true, stop: undefined, vertical: false }), edges: flowEdges(placed, view) };
};
const changed = <T extends { id: string }>(before: readonly T[], after: readonly T[]) => after.filter((one, i) => one !== before[i]).map((one) => one.id);

test("a run that is read anew without a change changes nothing", () => {
  const [a, b] = [elements(first), elements({ ...first })];
  expect(keep(a.nodes, b.nodes, sameNode)).toBe(a.nodes);
  expect(keep(a.edges, b.edges, sameEdge)).toBe(a.edges);
});

test("a new status changes its node and the way to it alone", () => {
  const [a, b] = [elements(first), elements(next)];
  expect(changed(a.nodes, keep(a.nodes, b.nodes, sameNode))).toEqual(["unit"]);
  expect(changed(a.edges, keep(a.edges, b.edges, sameEdge))).toEqual(["build → unit"]);
  expect(b.edges.map((e) => e.className)).toEqual(["taken good", "taken busy", "", ""]);
});

test("another selection changes two nodes", () => {
  const [a, b] = [elements(first, "build"), elements(first, "unit")];
  expect(changed(a.nodes, keep(a.nodes, b.nodes, sameNode))).toEqual(["build", "unit"]);
  expect(keep(a.edges, b.edges, sameEdge)).toBe(a.edges);
});

test("edges find both ends of nodes that were never drawn", () => {
  for (const vertical of [false, true]) {
    const byName = new Map(first.nodes.map((n) => [n.name, n]));
    for (const n of flowNodes({ placed, nodes: byName, view: undefined, selected: undefined, active: false, stop: undefined, vertical })) {
      expect(n.handles?.map((h) => h.type)).toEqual(["target", "source"]);
      const [target, source] = n.handles ?? [];
      expect(vertical ? [target?.y, source?.y] : [target?.x, source?.x]).toEqual([0, vertical ? n.height : n.width]);
    }
  }
});

test("of thousands of nodes a new status draws one, in a moment", () => {
  const many = Array.from({ length: 2000 }, (_, i) => node(`n${i}`, i < 20 ? [] : [`n${i - 20}`]));
  const runs = many.map((n, i) => ({ ...of(i, n.name, "Building"), stages: [{ name: "", status: "Building", jobs: [{ id: `r.${i}`, name: "j", status: "Building", attempts: [] }] }] }));
  const wide = { ...first, nodes: many, node_runs: runs } as unknown as Run;
  const news = { ...wide, node_runs: runs.map((r, i) => (i === 7 ? { ...r, status: "Success" } : r)) } as unknown as Run;
  const places = layout(many);
  const byName = new Map(many.map((n) => [n.name, n])) as unknown as Parameters<typeof flowNodes>[0]["nodes"];
  const draw = (run: Run) => flowNodes({ placed: places, nodes: byName, view: runView(run), selected: undefined, active: true, stop: undefined, vertical: false });
  const before = draw(wide);
  const began = performance.now();
  const after = keep(before, draw(news), sameNode);
  const took = performance.now() - began;
  expect(changed(before, after)).toEqual(["n7"]);
  // Some 10 ms; what is the square of the number of nodes takes seconds.
  expect(took).toBeLessThan(500);
});

test("of many nodes Tab leads to one, and a step further changes two", () => {
  const byName = new Map(first.nodes.map((n) => [n.name, n]));
  const at = (stop: string) => flowNodes({ placed, nodes: byName, view: runView(first), selected: undefined, active: true, stop, vertical: false });
  expect(at("unit").filter((n) => n.data.stop).map((n) => n.id)).toEqual(["unit"]);
  const before = at("unit");
  expect(changed(before, keep(before, at("deploy"), sameNode)).sort()).toEqual(["deploy", "unit"]);
});
