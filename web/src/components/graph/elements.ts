// Nodes and edges as React Flow takes them.
import { type Edge, type Node, Position } from "@xyflow/react";
import type { Layout, Placed, Way } from "../../model/graph";
import type { NodeView, RunView } from "../../model/runView";
import { isFinal, tone, UNDECIDED } from "../../model/status";
import type { WorkflowNode } from "../../model/types";

export type FlowNode = Node<{
  node: WorkflowNode;
  view: NodeView | undefined;
  /** Whether it leads anywhere; without, it is a picture. */
  active: boolean;
  /** Whether Tab leads to it. */
  stop: boolean;
}, "workflow">;

export type FlowEdge = Edge<{ through: Way["through"] }, "way">;

interface What {
  placed: Layout;
  nodes: ReadonlyMap<string, WorkflowNode>;
  view: RunView | undefined;
  selected: string | undefined;
  active: boolean;
  /** The one node that Tab leads to; without, all of them. */
  stop: string | undefined;
  vertical: boolean;
}

// Only what has a role of its own may describe it.
const NO_ROLE = { "aria-roledescription": undefined };

export function flowNodes({ placed, nodes, view, selected, active, stop, vertical }: What): FlowNode[] {
  return placed.nodes.flatMap((place): FlowNode[] => {
    const node = nodes.get(place.name);
    if (!node) return [];
    return [{
      id: place.name,
      type: "workflow",
      position: { x: place.x, y: place.y },
      width: place.width,
      height: place.height,
      // Known before anything is drawn: edges lead to nodes that are not in view, too.
      handles: handles(place, vertical),
      ...(vertical ? { sourcePosition: Position.Bottom, targetPosition: Position.Top } : { sourcePosition: Position.Right, targetPosition: Position.Left }),
      selected: place.name === selected,
      domAttributes: NO_ROLE,
      data: { node, view: view?.nodes.get(place.name), active, stop: stop === undefined || stop === place.name },
    }];
  });
}

function handles({ width, height }: Placed, vertical: boolean): FlowNode["handles"] {
  return vertical
    ? [{ type: "target", position: Position.Top, x: width / 2, y: 0, width: 0, height: 0 }, { type: "source", position: Position.Bottom, x: width / 2, y: height, width: 0, height: 0 }]
    : [{ type: "target", position: Position.Left, x: 0, y: height / 2, width: 0, height: 0 }, { type: "source", position: Position.Right, x: width, y: height / 2, width: 0, height: 0 }];
}

/** Whether a node looks as before; what the server sends anew is the same object where it is the same. */
export function sameNode(a: FlowNode, b: FlowNode): boolean {
  const [v, w] = [a.data.view, b.data.view];
  return (
    a.selected === b.selected &&
    a.data.node === b.data.node &&
    a.data.active === b.data.active &&
    a.data.stop === b.data.stop &&
    v?.latest === w?.latest &&
    v?.notRun === w?.notRun &&
    v?.status === w?.status &&
    v?.executions.length === w?.executions.length
  );
}

export function flowEdges(placed: Layout, view: RunView | undefined): FlowEdge[] {
  return placed.edges.map(({ from, to, through }) => ({
    id: `${from} → ${to}`,
    type: "way",
    source: from,
    target: to,
    className: edgeKind(view, from, to),
    // The nodes' names and places say it all.
    ariaLabel: "",
    domAttributes: { "aria-hidden": true },
    data: { through },
  }));
}

export const sameEdge = (a: FlowEdge, b: FlowEdge): boolean => a.className === b.className;

/** How an edge is drawn: whether the run went that way, and what came of it. */
export function edgeKind(view: RunView | undefined, from: string, to: string): string {
  const end = view?.nodes.get(to)?.status ?? "";
  if (end === "Skipped" || end === UNDECIDED) return "skipped";
  return view && end !== "" && isFinal(view.nodes.get(from)?.status ?? "") ? `taken ${tone(end)}` : "";
}

export function nodeTone(view: RunView | undefined, name: string): string {
  const status = view?.nodes.get(name)?.status ?? "";
  return status === "" ? "none" : tone(status);
}
