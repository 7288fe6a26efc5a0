// What of a plane is seen: a place and a scale, and the ways from node to node in it. All of it pure.

export interface View {
  /** Where the plane's origin stands, in pixels of the box. */
  x: number;
  y: number;
  /** Pixels of the box for one of the plane. */
  zoom: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Area extends Size {
  x: number;
  y: number;
}

const MARGIN = 16;

/** Whole plane in the box, but no larger than life and no smaller than `least`. What does not fit then begins top left. */
export function fit(plane: Size, box: Size, least: number): View {
  const zoom = Math.max(least, Math.min(1, (box.width - 2 * MARGIN) / plane.width, (box.height - 2 * MARGIN) / plane.height));
  const middle = (outer: number, inner: number) => (inner * zoom <= outer ? (outer - inner * zoom) / 2 : MARGIN);
  return { zoom, x: middle(box.width, plane.width), y: middle(box.height, plane.height) };
}

/** The scale at which all of the plane is in the box, or the one below which its boxes are nothing to see. */
export function leastZoom(plane: Size, box: Size): number {
  return Math.max(0.03, Math.min(0.35, (box.width - 2 * MARGIN) / plane.width, (box.height - 2 * MARGIN) / plane.height));
}

/** How far one can go: most of a box beyond each side of the plane, so that nobody loses the graph by dragging it away. */
export function reach(plane: Size, box: Size): [[number, number], [number, number]] {
  const [x, y] = [0.6 * box.width, 0.6 * box.height];
  return [[-x, -y], [plane.width + x, plane.height + y]];
}

/** Moves the view as little as possible so that an area is in the box. */
export function bring(view: View, area: Area, box: Size): View {
  const shift = (at: number, from: number, size: number, outer: number) => {
    const [a, b] = [from * view.zoom + at, (from + size) * view.zoom + at];
    if (b - a > outer - 2 * MARGIN || a < MARGIN) return at + MARGIN - a;
    return b > outer - MARGIN ? at + outer - MARGIN - b : at;
  };
  return { ...view, x: shift(view.x, area.x, area.width, box.width), y: shift(view.y, area.y, area.height, box.height) };
}

/** Moves the view so that an area is in the middle of the box, as far as the plane reaches; a plane that fits stays. */
export function centre(view: View, area: Area, plane: Size, box: Size): View {
  const shift = (at: number, from: number, size: number, whole: number, outer: number) => {
    if (whole * view.zoom + 2 * MARGIN <= outer) return at;
    const wish = outer / 2 - (from + size / 2) * view.zoom;
    return Math.min(MARGIN, Math.max(outer - MARGIN - whole * view.zoom, wish));
  };
  return { ...view, x: shift(view.x, area.x, area.width, plane.width, box.width), y: shift(view.y, area.y, area.height, plane.height, box.height) };
}

/** The part of the plane in the box. */
export function seen(view: View, box: Size): Area {
  return { x: -view.x / view.zoom, y: -view.y / view.zoom, width: box.width / view.zoom, height: box.height / view.zoom };
}

export function touches(a: Area, b: Area): boolean {
  return a.x < b.x + b.width && a.x + a.width > b.x && a.y < b.y + b.height && a.y + a.height > b.y;
}

const middleOf = (a: Area): [number, number] => [a.x + a.width / 2, a.y + a.height / 2];

/** The one nearest to the middle of an area. */
export function nearest<T extends Area>(all: readonly T[], to: Area): T | undefined {
  const [x, y] = middleOf(to);
  let [best, least]: [T | undefined, number] = [undefined, Infinity];
  for (const one of all) {
    const [a, b] = middleOf(one);
    const off = Math.hypot(a - x, b - y);
    if (off < least) [best, least] = [one, off];
  }
  return best;
}

/** The nearest one in the direction of an arrow key; what lies aside counts twice. */
export function neighbour<T extends Area>(all: readonly T[], here: Area, key: string): T | undefined {
  const dx = key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0;
  const dy = key === "ArrowUp" ? -1 : key === "ArrowDown" ? 1 : 0;
  if (dx === 0 && dy === 0) return undefined;
  const [x, y] = middleOf(here);
  let [best, least]: [T | undefined, number] = [undefined, Infinity];
  for (const one of all) {
    const [a, b] = middleOf(one);
    const ahead = (a - x) * dx + (b - y) * dy;
    const off = ahead + 2 * (Math.abs((a - x) * dy) + Math.abs((b - y) * dx));
    if (ahead >= 10 && off < least) [best, least] = [one, off];
  }
  return best;
}
