// From a workflow or a run to boxes with places. Two layouts, one result: dagre for graphs that people read,
// columns by depth for those with thousands of nodes.
import dagre from "@dagrejs/dagre";

export interface GraphInput {
  name: string;
  kind: string;
  parents: string[];
}

export interface Placed {
  name: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where an edge must pass so that it crosses no node; empty = the straight way is free. */
export interface Way {
  from: string;
  to: string;
  through: { x: number; y: number }[];
}

export interface Layout {
  nodes: Placed[];
  edges: Way[];
  width: number;
  height: number;
}

/** Size of a node by what it is: joins and forks are small. */
export function size(kind: string): { width: number; height: number } {
  return kind === "join" || kind === "fork" ? { width: 88, height: 34 } : { width: WIDTH, height: HEIGHT };
}

const WIDTH = 176;
const HEIGHT = 58;
/** Before the first box. */
const MARGIN = 8;
const GAP_X = 44;
const GAP_Y = 22;
/** From here on the quick layout. */
const MANY = 400;

/** Places the nodes, left to right (or top to bottom, for narrow screens). Parents that don't exist are left out. */
export function layout(nodes: readonly GraphInput[], direction: "LR" | "TB" = "LR"): Layout {
  return nodes.length > MANY ? columns(nodes) : pretty(nodes, direction);
}

function pretty(nodes: readonly GraphInput[], direction: "LR" | "TB"): Layout {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: direction, nodesep: GAP_Y, ranksep: direction === "LR" ? GAP_X : 36, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  const names = new Set(nodes.map((n) => n.name));
  for (const node of nodes) graph.setNode(node.name, { ...size(node.kind) });
  for (const node of nodes) for (const parent of node.parents) {
    // A pipeline stands right behind what starts it; the long way is the one to the join.
    if (names.has(parent)) graph.setEdge(parent, node.name, { weight: node.kind === "join" ? 1 : 3 });
  }
  dagre.layout(graph);
  const placed = nodes.map((node) => {
    const { x, y } = graph.node(node.name) as { x: number; y: number };
    const box = size(node.kind);
    // dagre gives centres.
    return { name: node.name, x: x - box.width / 2, y: y - box.height / 2, ...box };
  });
  const edges = graph.edges().map((edge) => {
    const points = (graph.edge(edge) as { points?: { x: number; y: number }[] }).points ?? [];
    // Neighbours have three points: both ends and the middle.
    return { from: edge.v, to: edge.w, through: points.length > 3 ? points.slice(1, -1) : [] };
  });
  return inOrder(nodes, bounded(placed, edges), direction === "LR" ? "y" : "x");
}

/**
 * The same picture with siblings in the order of the workflow, as far as no edge has to cross another for it: the whole of it
 * mirrored where most stand the other way round, and nodes that are alike in all but their names in each other's places.
 */
function inOrder(nodes: readonly GraphInput[], { nodes: placed, edges, width, height }: Layout, across: "x" | "y"): Layout {
  const size = across === "y" ? height : width;
  const at = new Map(placed.map((p) => [p.name, across === "y" ? p.y + p.height / 2 : p.x + p.width / 2]));
  let order = 0;
  for (const siblings of together(nodes, (n) => [...n.parents].sort().join("\n"))) {
    for (let i = 1; i < siblings.length; i++) order += Math.sign((at.get(siblings[i]?.name ?? "") ?? 0) - (at.get(siblings[i - 1]?.name ?? "") ?? 0));
  }
  const flip = order < 0;
  const mirrored = placed.map((p) => (!flip ? p : across === "y" ? { ...p, y: size - p.y - p.height + MARGIN } : { ...p, x: size - p.x - p.width + MARGIN }));
  const mirror = (point: { x: number; y: number }) => (!flip ? point : across === "y" ? { x: point.x, y: size - point.y + MARGIN } : { x: size - point.x + MARGIN, y: point.y });

  // Names move, places and ways stay: like nodes have edges to the same others.
  const renamed = new Map<string, string>();
  const children = new Map<string, string[]>();
  for (const n of nodes) for (const p of n.parents) children.set(p, [...(children.get(p) ?? []), n.name]);
  const place = new Map(mirrored.map((p) => [p.name, p[across]]));
  for (const like of together(nodes, (n) => JSON.stringify([n.kind === "join" || n.kind === "fork", [...n.parents].sort(), [...(children.get(n.name) ?? [])].sort()]))) {
    const slots = like.map((n) => n.name).sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0));
    for (const [i, slot] of slots.entries()) renamed.set(slot, like[i]?.name ?? slot);
  }
  const name = (old: string) => renamed.get(old) ?? old;
  const boxes = new Map(mirrored.map((p) => [name(p.name), { ...p, name: name(p.name) }]));
  return {
    nodes: nodes.flatMap((n) => boxes.get(n.name) ?? []),
    edges: edges.map((e) => ({ from: name(e.from), to: name(e.to), through: e.through.map(mirror) })),
    width,
    height,
  };
}

/** Nodes of the same key, in their order. */
function together(nodes: readonly GraphInput[], key: (node: GraphInput) => string): GraphInput[][] {
  const groups = new Map<string, GraphInput[]>();
  for (const node of nodes) {
    const its = key(node);
    const known = groups.get(its);
    if (known) known.push(node);
    else groups.set(its, [node]);
  }
  return [...groups.values()];
}

/** Columns by depth. Rows as their parents stand, then parents beside the middle of their children: few edges cross. */
function columns(nodes: readonly GraphInput[]): Layout {
  const depth = depths(nodes);
  const known = new Set(nodes.map((n) => n.name));
  const parents = new Map(nodes.map((n) => [n.name, n.parents.filter((p) => known.has(p))]));
  const cols: GraphInput[][] = [];
  for (const node of nodes) (cols[depth.get(node.name) ?? 0] ??= []).push(node);
  const row = new Map<string, number>();
  const mean = (names: readonly string[]) => names.reduce((sum, n) => sum + (row.get(n) ?? 0), 0) / names.length;
  for (const col of cols) {
    const wish = new Map(col.map((n, i) => [n.name, parents.get(n.name)?.length ? mean(parents.get(n.name) ?? []) : i]));
    col.sort((a, b) => (wish.get(a.name) ?? 0) - (wish.get(b.name) ?? 0));
    for (const [i, n] of col.entries()) row.set(n.name, i);
  }
  const children = new Map<string, string[]>();
  for (const n of nodes) for (const p of parents.get(n.name) ?? []) {
    const list = children.get(p);
    if (list) list.push(n.name);
    else children.set(p, [n.name]);
  }
  for (const col of cols.toReversed()) {
    let free = 0;
    for (const n of col) {
      const below = children.get(n.name);
      const at = below ? Math.max(free, mean(below)) : free;
      row.set(n.name, at);
      free = at + 1;
    }
  }
  const placed = nodes.map((node) => {
    const box = size(node.kind);
    return { name: node.name, x: (depth.get(node.name) ?? 0) * (WIDTH + GAP_X), y: (row.get(node.name) ?? 0) * (HEIGHT + GAP_Y) + (HEIGHT - box.height) / 2, ...box };
  });
  const edges = nodes.flatMap((n) => (parents.get(n.name) ?? []).map((from) => ({ from, to: n.name, through: [] })));
  return bounded(placed, edges);
}

/** Longest way from a root, without recursion: a chain may be thousands long. */
export function depths(nodes: readonly GraphInput[]): Map<string, number> {
  const known = new Set(nodes.map((n) => n.name));
  const waits = new Map(nodes.map((n) => [n.name, n.parents.filter((p) => known.has(p)).length]));
  const children = new Map<string, string[]>();
  for (const n of nodes) {
    for (const p of n.parents) {
      const list = children.get(p);
      if (list) list.push(n.name);
      else children.set(p, [n.name]);
    }
  }
  const depth = new Map<string, number>();
  const ready = nodes.filter((n) => waits.get(n.name) === 0).map((n) => n.name);
  for (const name of ready) depth.set(name, 0);
  for (let i = 0; i < ready.length; i++) {
    const name = ready[i] as string;
    for (const child of children.get(name) ?? []) {
      depth.set(child, Math.max(depth.get(child) ?? 0, (depth.get(name) ?? 0) + 1));
      const left = (waits.get(child) ?? 1) - 1;
      waits.set(child, left);
      if (left === 0) ready.push(child);
    }
  }
  return depth;
}

function bounded(nodes: Placed[], edges: Way[]): Layout {
  const width = nodes.reduce((max, n) => Math.max(max, n.x + n.width), 0);
  const height = nodes.reduce((max, n) => Math.max(max, n.y + n.height), 0);
  return { nodes, edges, width, height };
}

/** A smooth line that leaves and enters sideways (or downwards) and passes through the points between. */
export function curve(from: { x: number; y: number }, through: readonly { x: number; y: number }[], to: { x: number; y: number }, vertical: boolean): string {
  let path = `M${from.x} ${from.y}`;
  let a = from;
  for (const b of [...through, to]) {
    const half = vertical ? (b.y - a.y) / 2 : (b.x - a.x) / 2;
    path += vertical ? ` C${a.x} ${a.y + half} ${b.x} ${b.y - half} ${b.x} ${b.y}` : ` C${a.x + half} ${a.y} ${b.x - half} ${b.y} ${b.x} ${b.y}`;
    a = b;
  }
  return path;
}

/** The line of an edge from one box to another, from border to border. */
export function wayBetween(a: Placed, through: Way["through"], b: Placed, vertical: boolean): string {
  return vertical
    ? curve({ x: a.x + a.width / 2, y: a.y + a.height }, through, { x: b.x + b.width / 2, y: b.y }, true)
    : curve({ x: a.x + a.width, y: a.y + a.height / 2 }, through, { x: b.x, y: b.y + b.height / 2 }, false);
}

/** The outline of a box. */
export const rectangle = (p: Placed): string => `M${p.x} ${p.y}h${p.width}v${p.height}h${-p.width}z`;

/** As many lines become one: few enough elements for a page, small enough areas to be drawn piece by piece. */
const BUNDLE = 16;

/** The lines of many things as few: those of a kind together, in bundles. */
export function bundle<T>(things: readonly T[], kindOf: (thing: T) => string, lineOf: (thing: T) => string): { kind: string; line: string }[] {
  const open = new Map<string, string[]>();
  const bundles: { kind: string; line: string }[] = [];
  const close = (kind: string, lines: string[]) => bundles.push({ kind, line: lines.join("") });
  for (const thing of things) {
    const kind = kindOf(thing);
    const lines = open.get(kind);
    if (!lines || lines.length === BUNDLE) {
      if (lines) close(kind, lines);
      open.set(kind, [lineOf(thing)]);
    } else lines.push(lineOf(thing));
  }
  for (const [kind, lines] of open) close(kind, lines);
  return bundles;
}

/** The newer list with what has not changed taken from the older one; the older one itself where nothing has. */
export function keep<T extends { id: string }>(before: readonly T[], after: readonly T[], same: (a: T, b: T) => boolean): readonly T[] {
  const old = new Map(before.map((one) => [one.id, one]));
  const kept = after.map((one) => {
    const was = old.get(one.id);
    return was && same(was, one) ? was : one;
  });
  return kept.length === before.length && kept.every((one, i) => one === before[i]) ? before : kept;
}
