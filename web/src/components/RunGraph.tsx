import "../styles/graph.css";
import { type KeyboardEvent, type MouseEvent, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { curve, layout, type Layout, type Placed } from "../model/graph";
import type { RunView } from "../model/runView";
import { isFinal, tone } from "../model/status";
import type { WorkflowNode } from "../model/types";
import { type Area, around, bring, fit, seen, type Size, touches, type View, within } from "../model/view";
import { Button } from "../ui/Button";
import { useWidth } from "../util/hooks";
import { usePanZoom } from "../util/panZoom";
import { GraphNode } from "./graph/GraphNode";
import { PlainNode } from "./graph/PlainNode";
import { MiniMap } from "./graph/MiniMap";

/** With more nodes than this in reach, and at a scale where nobody reads their names, they are drawn as plain boxes. */
const MANY = 150;
const READABLE = 0.4;

interface Props {
  nodes: WorkflowNode[];
  view?: RunView;
  selected?: string;
  onSelect?: (name: string) => void;
}

/** The graph of a workflow, or of a run if there is a view. Tab, arrow keys and Enter work on its nodes. */
export default function RunGraph({ nodes, view, selected, onSelect }: Props) {
  const outer = useRef<HTMLDivElement>(null);
  const width = useWidth(outer);
  const vertical = width > 0 && width < 560;
  // Places depend on the shape alone: a new status moves nothing.
  const shape = JSON.stringify(nodes.map((n) => [n.name, n.kind, n.parents]));
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const placed = useMemo(() => layout(nodes, vertical ? "TB" : "LR"), [shape, vertical]);
  const scale = width > 0 ? Math.min(1, Math.max(0.35, (width - 32) / Math.max(1, placed.width))) : 1;
  const height = Math.min(Math.max(placed.height * scale + 76, 140), 480);
  return (
    <div ref={outer} className="graph" style={{ height }}>
      {width > 0 && <Plane key={shape + vertical} placed={placed} nodes={nodes} view={view} selected={selected} onSelect={onSelect} vertical={vertical} />}
    </div>
  );
}

function Plane({ placed, nodes, view, selected, onSelect, vertical }: Props & { placed: Layout; vertical: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const plane = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const byName = useMemo(() => new Map(nodes.map((n) => [n.name, n])), [nodes]);
  const places = useMemo(() => new Map(placed.nodes.map((p) => [p.name, p])), [placed]);
  const status = useCallback((name: string) => view?.nodes.get(name)?.status ?? "", [view]);
  const [reach, setReach] = useState<Area & { scale: number }>();
  const reached = useRef(reach);
  reached.current = reach;

  const apply = (v: View, size: Size) => {
    if (plane.current) plane.current.style.transform = `translate(${v.x}px, ${v.y}px) scale(${v.scale})`;
    const area = seen(v, size);
    if (frame.current) {
      const [x, y] = [clamp(area.left / placed.width), clamp(area.top / placed.height)];
      const [w, h] = [clamp(area.right / placed.width) - x, clamp(area.bottom / placed.height) - y];
      frame.current.style.transform = `translate(${x * MAP.width}px, ${y * MAP.height}px)`;
      frame.current.style.width = `${Math.max(3, w * MAP.width)}px`;
      frame.current.style.height = `${Math.max(3, h * MAP.height)}px`;
    }
    // Only when the view leaves what is drawn, something is drawn anew.
    const have = reached.current;
    if (!have || have.scale !== v.scale || !within(area, have)) setReach({ ...around(area), scale: v.scale });
  };
  const pan = usePanZoom(box, placed, apply);

  // Once it has a size: all of the graph if names stay readable, else with what is selected in view.
  const began = useRef(false);
  const start = useRef(selected);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || began.current) return;
    began.current = true;
    const size = { width: element.clientWidth, height: element.clientHeight };
    const first = fit(placed, size, 0.5);
    const at = places.get(start.current ?? placed.nodes[0]?.name ?? "");
    pan.resize(size);
    pan.set(at ? bring(first, area(at), size) : first);
  }, [pan, placed, places, vertical]);

  const near = useMemo(() => (reach ? placed.nodes.filter((p) => touches(area(p), reach)) : []), [placed, reach]);
  const far = near.length > MANY && (reach?.scale ?? 1) < READABLE;
  const ways = useMemo(() => {
    const paths = new Map<string, string[]>();
    for (const { from, to, through } of placed.edges) {
      const [a, b] = [places.get(from), places.get(to)];
      if (!a || !b || !reach || !touches({ left: Math.min(a.x, b.x), right: Math.max(a.x + a.width, b.x + b.width), top: Math.min(a.y, b.y), bottom: Math.max(a.y + a.height, b.y + b.height) }, reach)) continue;
      const taken = view !== undefined && isFinal(status(from)) && status(to) !== "" && status(to) !== "Skipped";
      const kind = taken ? `taken ${tone(status(to))}` : status(to) === "Skipped" ? "skipped" : "";
      const path = vertical
        ? curve({ x: a.x + a.width / 2, y: a.y + a.height }, through, { x: b.x + b.width / 2, y: b.y }, true)
        : curve({ x: a.x + a.width, y: a.y + a.height / 2 }, through, { x: b.x, y: b.y + b.height / 2 }, false);
      const list = paths.get(kind);
      if (list) list.push(path);
      else paths.set(kind, [path]);
    }
    return [...paths].map(([kind, list]) => <path key={kind} className={kind} d={list.join("")} />);
  }, [placed, places, reach, view, status, vertical]);

  const tones = useCallback((list: readonly Placed[]) => boxes(list, (p) => (view ? (status(p.name) === "" ? "none" : tone(status(p.name))) : "none")), [view, status]);
  const map = useMemo(() => (placed.nodes.length > 60 ? tones(placed.nodes) : undefined), [placed, tones]);

  const click = (e: MouseEvent) => {
    const name = (e.target as HTMLElement).closest<HTMLElement>("[data-node]")?.dataset.node;
    if (name) return onSelect?.(name);
    if (!far || (e.target as HTMLElement).closest("[data-fixed]") || !box.current) return;
    const r = box.current.getBoundingClientRect();
    const v = pan.view();
    const [x, y] = [(e.clientX - r.left - v.x) / v.scale, (e.clientY - r.top - v.y) / v.scale];
    const hit = near.find((p) => x >= p.x && x <= p.x + p.width && y >= p.y && y <= p.y + p.height);
    if (hit) onSelect?.(hit.name);
  };
  const focus = useRef<string>(undefined);
  // Of nodes that are drawn as plain boxes, one can be reached with Tab, and arrows move it.
  const [cursor, setCursor] = useState<string>();
  const reachable = (name: string | undefined) => near.find((p) => p.name === name);
  const stop = far && onSelect && reach ? (reachable(cursor) ?? reachable(selected) ?? middle(near, reach)) : undefined;
  const key = (e: KeyboardEvent) => {
    const here = places.get((e.target as HTMLElement).dataset.node ?? "");
    const next = here && neighbour(placed.nodes, here, e.key);
    if (!next) return;
    e.preventDefault();
    focus.current = next.name;
    setCursor(next.name);
    pan.set(bring(pan.view(), area(next), pan.box()));
    box.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(next.name)}"]`)?.focus({ preventScroll: true });
  };
  useEffect(() => {
    if (focus.current === undefined) return;
    const element = box.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(focus.current)}"]`);
    if (!element) return;
    focus.current = undefined;
    element.focus({ preventScroll: true });
  }, [near, cursor, far]);

  return (
    <div
      ref={box}
      className="gbox"
      onClick={click}
      onKeyDown={key}
      onFocus={(e) => {
        const at = places.get((e.target as HTMLElement).dataset.node ?? "");
        if (at && e.target.matches(":focus-visible")) pan.set(bring(pan.view(), area(at), pan.box()));
      }}
    >
      <div ref={plane} className="gplane" style={{ width: placed.width, height: placed.height }}>
        <svg className="gways" width="1" height="1" aria-hidden="true">{ways}</svg>
        {far ? (
          <>
            <svg className="gfar" width="1" height="1" aria-hidden="true">
              {[...tones(near)].map(([t, path]) => <path key={t} className={t} d={path} />)}
              {selected !== undefined && places.has(selected) && <path className="selected" d={rectangle(places.get(selected) as Placed)} />}
            </svg>
            {stop && <PlainNode key={stop.name} place={stop} node={byName.get(stop.name)} status={view ? status(stop.name) : undefined} selected={stop.name === selected} scale={reach?.scale ?? 1} />}
          </>
        ) : (
          near.map((p) => {
            const node = byName.get(p.name);
            return node && <GraphNode key={p.name} place={p} node={node} view={view?.nodes.get(p.name)} selected={p.name === selected} active={onSelect !== undefined} />;
          })
        )}
      </div>
      {map && <MiniMap plane={placed} boxes={map} frame={frame} onPoint={(x, y) => pan.set({ ...pan.view(), x: pan.box().width / 2 - x * placed.width * pan.view().scale, y: pan.box().height / 2 - y * placed.height * pan.view().scale })} />}
      <div className="gtools" data-fixed>
        <Button kind="quiet" className="icon" aria-label="Zoom in" onClick={() => pan.zoomBy(1.25)}>+</Button>
        <Button kind="quiet" className="icon" aria-label="Zoom out" onClick={() => pan.zoomBy(0.8)}>−</Button>
        <Button kind="quiet" className="icon" aria-label="Show all" onClick={() => pan.fitAll()}>⤢</Button>
      </div>
    </div>
  );
}

/** Size of the small map, as in graph.css. */
const MAP = { width: 168, height: 104 };

const clamp = (share: number) => Math.min(1, Math.max(0, share));

function area(p: Placed): Area {
  return { left: p.x, top: p.y, right: p.x + p.width, bottom: p.y + p.height };
}

const rectangle = (p: Placed) => `M${p.x} ${p.y}h${p.width}v${p.height}h${-p.width}z`;

/** One path of rectangles for each tone. */
function boxes(nodes: readonly Placed[], toneOf: (p: Placed) => string): Map<string, string> {
  const paths = new Map<string, string[]>();
  for (const p of nodes) {
    const list = paths.get(toneOf(p));
    if (list) list.push(rectangle(p));
    else paths.set(toneOf(p), [rectangle(p)]);
  }
  return new Map([...paths].map(([t, list]) => [t, list.join("")]));
}

/** The node nearest to the middle of an area. */
function middle(nodes: readonly Placed[], of: Area): Placed | undefined {
  const off = (p: Placed) => Math.hypot(p.x + p.width / 2 - (of.left + of.right) / 2, p.y + p.height / 2 - (of.top + of.bottom) / 2);
  return nodes.reduce<Placed | undefined>((best, p) => (best && off(best) <= off(p) ? best : p), undefined);
}

/** The nearest node in the direction of an arrow key. */
function neighbour(nodes: readonly Placed[], here: Placed, key: string): Placed | undefined {
  const dx = key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0;
  const dy = key === "ArrowUp" ? -1 : key === "ArrowDown" ? 1 : 0;
  if (dx === 0 && dy === 0) return undefined;
  let best: Placed | undefined;
  let least = Infinity;
  for (const p of nodes) {
    const [x, y] = [p.x + p.width / 2 - here.x - here.width / 2, p.y + p.height / 2 - here.y - here.height / 2];
    const ahead = x * dx + y * dy;
    const aside = Math.abs(x * dy) + Math.abs(y * dx);
    if (ahead < 10 || ahead + 2 * aside >= least) continue;
    least = ahead + 2 * aside;
    best = p;
  }
  return best;
}
