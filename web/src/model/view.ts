// What of a plane is seen: a place and a scale. All of it pure, so that panning needs no framework.

export interface View {
  /** Where the plane's origin stands, in pixels of the box. */
  x: number;
  y: number;
  /** Pixels of the box for one of the plane. */
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Area {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const MARGIN = 16;

/** Whole plane in the box, but no larger than life and no smaller than `least`. What does not fit then begins top left. */
export function fit(plane: Size, box: Size, least: number): View {
  const scale = Math.max(least, Math.min(1, (box.width - 2 * MARGIN) / plane.width, (box.height - 2 * MARGIN) / plane.height));
  const middle = (outer: number, inner: number) => (inner * scale <= outer ? (outer - inner * scale) / 2 : MARGIN);
  return { scale, x: middle(box.width, plane.width), y: middle(box.height, plane.height) };
}

/** The scale at which all of the plane is in the box. */
export function leastScale(plane: Size, box: Size): number {
  return Math.min(0.35, (box.width - 2 * MARGIN) / plane.width, (box.height - 2 * MARGIN) / plane.height);
}

/** Another scale, with the point of the box under the pointer staying where it is. */
export function zoom(view: View, factor: number, at: { x: number; y: number }, least: number, most: number): View {
  const scale = Math.min(most, Math.max(least, view.scale * factor));
  const ratio = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio };
}

/** Keeps a part of the plane in the box: nobody loses the graph by dragging it away. */
export function hold(view: View, plane: Size, box: Size): View {
  const keep = 60;
  const hold1 = (at: number, inner: number, outer: number) => Math.min(outer - keep, Math.max(keep - inner * view.scale, at));
  return { ...view, x: hold1(view.x, plane.width, box.width), y: hold1(view.y, plane.height, box.height) };
}

/** Moves the view as little as possible so that an area is in the box. */
export function bring(view: View, area: Area, box: Size): View {
  const shift = (at: number, from: number, to: number, outer: number) => {
    const [a, b] = [from * view.scale + at, to * view.scale + at];
    if (b - a > outer - 2 * MARGIN || a < MARGIN) return at + MARGIN - a;
    return b > outer - MARGIN ? at + outer - MARGIN - b : at;
  };
  return { ...view, x: shift(view.x, area.left, area.right, box.width), y: shift(view.y, area.top, area.bottom, box.height) };
}

/** The part of the plane in the box. */
export function seen(view: View, box: Size): Area {
  const left = -view.x / view.scale;
  const top = -view.y / view.scale;
  return { left, top, right: left + box.width / view.scale, bottom: top + box.height / view.scale };
}

/** An area with as much again around it. */
export function around(area: Area): Area {
  const [w, h] = [(area.right - area.left) / 2, (area.bottom - area.top) / 2];
  return { left: area.left - w, top: area.top - h, right: area.right + w, bottom: area.bottom + h };
}

export function within(inner: Area, outer: Area): boolean {
  return inner.left >= outer.left && inner.top >= outer.top && inner.right <= outer.right && inner.bottom <= outer.bottom;
}

export function touches(a: Area, b: Area): boolean {
  return a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;
}
