import { type AriaLabelConfig, ControlButton, Controls, type EdgeTypes, type NodeTypes, ReactFlow, useReactFlow } from "@xyflow/react";
import { type KeyboardEvent, type MouseEvent, useCallback, useMemo, useRef, useState } from "react";
import { keep, type Layout } from "../../model/graph";
import type { RunView } from "../../model/runView";
import type { WorkflowNode } from "../../model/types";
import { bring, centre, fit, leastZoom, nearest, neighbour, reach, seen, type Size, touches, type View } from "../../model/view";
import { type FlowEdge, flowEdges, type FlowNode, flowNodes, sameEdge, sameNode } from "./elements";
import { Boxes, Ways } from "./Far";
import { GraphEdge } from "./GraphEdge";
import { GraphNode } from "./GraphNode";
import { MiniMap } from "./MiniMap";
import { PlainNode } from "./PlainNode";

/** A graph with more nodes than this is drawn as plain boxes at a scale where nobody reads their names. */
const MANY = 150;
const READABLE = 0.4;
/** More edges than this are no elements of their own at any scale: those of a fan-out are in view all at once. */
const MANY_EDGES = 600;
const MOST_ZOOM = 1.5;
/** A pointer that moved less than this was a click. */
const CLICK = 4;

const NODE_TYPES: NodeTypes = { workflow: GraphNode };
const EDGE_TYPES: EdgeTypes = { way: GraphEdge };
const LABELS: Partial<AriaLabelConfig> = { "controls.ariaLabel": "View of the graph", "controls.zoomIn.ariaLabel": "Zoom in", "controls.zoomOut.ariaLabel": "Zoom out" };
const NONE: never[] = [];

interface Props {
  placed: Layout;
  box: Size;
  mapped: boolean;
  /** The least scale at the beginning. */
  least: number;
  nodes: WorkflowNode[];
  view: RunView | undefined;
  selected: string | undefined;
  onSelect: ((name: string) => void) | undefined;
  vertical: boolean;
}

/** The last list with what has changed since. */
function useKept<T extends { id: string }>(after: T[], same: (a: T, b: T) => boolean): readonly T[] {
  const kept = useRef<readonly T[]>(NONE);
  return (kept.current = keep(kept.current, after, same));
}

/** A node if it is in view, else the one in the middle of what is: where Tab leads must be drawn. */
function nearestSeen(placed: Layout, name: string | undefined, view: View, box: Size): string | undefined {
  const area = seen(view, box);
  const at = placed.nodes.find((p) => p.name === name);
  return at && touches(at, area) ? name : nearest(placed.nodes, area)?.name;
}

/** The graph on React Flow's ground: its view, its nodes and edges, what stands for them from afar, and the keyboard. */
export function Flow({ placed, box, mapped, least: readable, nodes, view, selected, onSelect, vertical }: Props) {
  const flow = useReactFlow();
  const outer = useRef<HTMLDivElement>(null);
  const byName = useMemo(() => new Map(nodes.map((n) => [n.name, n])), [nodes]);
  const places = useMemo(() => new Map(placed.nodes.map((p) => [p.name, p])), [placed]);

  // All of the graph if names stay readable, else with what is selected in view.
  const [start] = useState<View>(() => {
    const first = fit(placed, box, readable);
    const at = places.get(selected ?? "") ?? placed.nodes[0];
    // Where little of it fits, what lies around the node is more than what lies in the corner.
    return at ? (vertical ? centre(first, at, placed, box) : bring(first, at, box)) : first;
  });
  const [isSmall, setSmall] = useState(start.zoom < READABLE);
  const far = isSmall && placed.nodes.length > MANY;
  const bundled = far || placed.edges.length > MANY_EDGES;

  const active = onSelect !== undefined;
  // Of many nodes one can be reached with Tab, and arrows move it: nobody passes a hundred of them to get past a graph.
  const [cursor, setCursor] = useState<string | undefined>(() => (mapped ? nearestSeen(placed, selected, start, box) : undefined));
  const stop = mapped ? (places.get(cursor ?? selected ?? "") ?? placed.nodes[0]) : undefined;
  const drawn = useKept(useMemo(() => flowNodes({ placed, nodes: byName, view, selected, active, stop: stop?.name, vertical }), [placed, byName, view, selected, active, stop, vertical]), sameNode);
  const edges = useKept(useMemo(() => (bundled ? NONE : flowEdges(placed, view)), [bundled, placed, view]), sameEdge);

  const moved = (_: unknown, now: View) => {
    if (mapped && (document.activeElement as HTMLElement | null)?.dataset.node === undefined) setCursor(nearestSeen(placed, stop?.name, now, box));
  };

  const element = (name: string) => outer.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(name)}"]`);
  const key = (e: KeyboardEvent) => {
    const here = places.get((e.target as HTMLElement).dataset.node ?? "");
    const next = here && neighbour(placed.nodes, here, e.key);
    if (!next) return;
    e.preventDefault();
    if (mapped) setCursor(next.name);
    // It may only be drawn once it is in view.
    void flow.setViewport(bring(flow.getViewport(), next, box)).then(() => element(next.name)?.focus({ preventScroll: true }));
  };
  const click = (e: MouseEvent) => {
    if (!far || !onSelect) return;
    const { x, y } = flow.screenToFlowPosition({ x: e.clientX, y: e.clientY });
    const hit = placed.nodes.find((p) => touches(p, { x, y, width: 0, height: 0 }));
    if (hit) onSelect(hit.name);
  };
  const least = leastZoom(placed, box);
  const extent = useMemo(() => reach(placed, box), [placed, box.width, box.height]);
  const isGroup = useCallback((e: HTMLDivElement | null) => e?.setAttribute("role", "group"), []);

  return (
    <div
      ref={outer}
      className="gframe"
      onKeyDown={key}
      onFocus={(e) => {
        const at = places.get((e.target as HTMLElement).dataset.node ?? "");
        if (at && mapped) setCursor(at.name);
        if (at && e.target.matches(":focus-visible")) void flow.setViewport(bring(flow.getViewport(), at, box));
      }}
    >
      <div style={{ width: box.width }}>
        <ReactFlow
          // Not an application: readers of screens go through its nodes as through any buttons.
          ref={isGroup}
          aria-label="Graph"
          nodes={far ? NONE : (drawn as FlowNode[])}
          edges={edges as FlowEdge[]}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          onlyRenderVisibleElements
          defaultViewport={start}
          minZoom={least}
          maxZoom={MOST_ZOOM}
          translateExtent={extent}
          onMove={(_, now) => setSmall(now.zoom < READABLE)}
          onMoveEnd={moved}
          onNodeClick={onSelect && ((_, node) => onSelect(node.id))}
          onPaneClick={click}
          paneClickDistance={CLICK}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          // The wheel scrolls the page; with Ctrl it zooms.
          zoomOnScroll={false}
          zoomOnDoubleClick={false}
          preventScrolling={false}
          disableKeyboardA11y
          deleteKeyCode={null}
          selectionKeyCode={null}
          multiSelectionKeyCode={null}
          panActivationKeyCode={null}
          ariaLabelConfig={LABELS}
          proOptions={{ hideAttribution: true }}
        >
          {bundled && <Ways placed={placed} places={places} view={view} vertical={vertical} />}
          {far && <Boxes placed={placed} view={view} selected={places.get(selected ?? "")} />}
          {far && stop && onSelect && <PlainNode key={stop.name} place={stop} node={byName.get(stop.name)} status={view ? (view.nodes.get(stop.name)?.status ?? "") : undefined} selected={stop.name === selected} onSelect={onSelect} />}
        </ReactFlow>
      </div>
      <div className="gside">
        {mapped && <MiniMap placed={placed} view={view} />}
        <Controls showInteractive={false} showFitView={false}>
          <ControlButton aria-label="Show all" title="Show all" onClick={() => void flow.setViewport(fit(placed, box, least))}>⤢</ControlButton>
        </Controls>
      </div>
    </div>
  );
}
