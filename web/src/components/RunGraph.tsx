import { BaseEdge, Controls, type Edge, type EdgeProps, Handle, MiniMap, type Node, type NodeProps, Position, ReactFlow, type ReactFlowInstance } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import "../styles/graph.css";
import { memo, useEffect, useMemo, useRef, useState } from "react";
import { curve, layout } from "../model/graph";
import type { NodeView, RunView } from "../model/runView";
import { isFinal, label, tone } from "../model/status";
import { between, duration } from "../model/time";
import type { WorkflowNode } from "../model/types";
import { useNow } from "../util/hooks";
import { StatusIcon } from "./Status";

type Data = { node: WorkflowNode; view: NodeView | undefined; vertical: boolean };
type GraphNode = Node<Data>;
type Way = Edge<{ through: { x: number; y: number }[]; vertical: boolean }>;

/** The graph of a workflow, or of a run if there is a view. Arrow keys and Enter work on its nodes. */
export default function RunGraph({ nodes, view, selected, onSelect }: { nodes: WorkflowNode[]; view?: RunView; selected?: string; onSelect?: (name: string) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const vertical = width > 0 && width < 560;
  // Places depend on the shape alone: a new status moves nothing.
  const shape = JSON.stringify(nodes.map((n) => [n.name, n.kind, n.parents]));
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const placed = useMemo(() => layout(nodes, vertical ? "TB" : "LR"), [shape, vertical]);
  const flowNodes = useMemo<GraphNode[]>(() => {
    const byName = new Map(nodes.map((n) => [n.name, n]));
    return placed.nodes.map((p) => {
      const node = byName.get(p.name) as WorkflowNode;
      const status = view?.nodes.get(p.name)?.status ?? "";
      return {
        id: p.name,
        type: node.kind === "join" || node.kind === "fork" ? "small" : "box",
        position: { x: p.x, y: p.y },
        width: p.width,
        height: p.height,
        // Sizes and ends of edges are known: nothing has to be drawn to be measured.
        measured: { width: p.width, height: p.height },
        handles: vertical
          ? [
              { type: "target", position: Position.Top, x: p.width / 2, y: 0, width: 1, height: 1 },
              { type: "source", position: Position.Bottom, x: p.width / 2, y: p.height, width: 1, height: 1 },
            ]
          : [
              { type: "target", position: Position.Left, x: 0, y: p.height / 2, width: 1, height: 1 },
              { type: "source", position: Position.Right, x: p.width, y: p.height / 2, width: 1, height: 1 },
            ],
        selected: p.name === selected,
        ariaLabel: `${node.kind} ${node.name}${view ? `, ${label(status)}` : ""}`,
        data: { node, view: view?.nodes.get(p.name), vertical },
      };
    });
  }, [placed, nodes, view, selected, vertical]);
  const edges = useMemo<Way[]>(
    () =>
      placed.edges.map(({ from, to, through }) => {
        const status = (name: string) => view?.nodes.get(name)?.status ?? "";
        const taken = view !== undefined && isFinal(status(from)) && status(to) !== "" && status(to) !== "Skipped";
        const className = taken ? `taken ${tone(status(to))}` : status(to) === "Skipped" ? "skipped" : "";
        return { id: `${from}→${to}`, source: from, target: to, type: "way", className, focusable: false, data: { through, vertical } };
      }),
    [placed, view, vertical],
  );
  const flow = useRef<ReactFlowInstance<GraphNode, Way>>(null);
  useEffect(() => {
    if (width > 0) void flow.current?.fitView({ padding: 0.06, maxZoom: 1, minZoom: vertical ? 0.45 : 0.35 });
  }, [placed, width, vertical]);
  const scale = width > 0 ? Math.min(1, Math.max(0.35, (width - 24) / Math.max(1, placed.width))) : 1;
  const height = Math.min(Math.max(placed.height * scale + 48, 130), 480);
  return (
    <div ref={box} className="graph" style={{ height }}>
      {width > 0 && (
        <ReactFlow<GraphNode, Way>
          nodes={flowNodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          onInit={(instance) => {
            flow.current = instance;
            void instance.fitView({ padding: 0.06, maxZoom: 1, minZoom: vertical ? 0.45 : 0.35 });
          }}
          onNodeClick={(_, node) => onSelect?.(node.id)}
          onNodesChange={(changes) => {
            // Enter or Space on a focused node selects it.
            for (const change of changes) if (change.type === "select" && change.selected) onSelect?.(change.id);
          }}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={onSelect !== undefined}
          elementsSelectable={onSelect !== undefined}
          edgesFocusable={false}
          onlyRenderVisibleElements={nodes.length > 100}
          minZoom={0.05}
          maxZoom={1.5}
          panOnScroll={false}
          zoomOnScroll={false}
          preventScrolling={false}
          deleteKeyCode={null}
          proOptions={{ hideAttribution: true }}
        >
          <Controls showInteractive={false} position="bottom-right" />
          {nodes.length > 60 && <MiniMap pannable zoomable position="bottom-left" nodeClassName={(n) => tone((n as GraphNode).data.view?.status ?? "")} />}
        </ReactFlow>
      )}
    </div>
  );
}

const Box = memo(function Box({ data, selected }: NodeProps<GraphNode>) {
  const { node, view, vertical } = data;
  const latest = view?.latest;
  const now = useNow(latest !== undefined && !isFinal(latest.status));
  const ms = between(latest?.start, latest?.done, now);
  const status = view?.status ?? "";
  const jobs = view?.jobs;
  return (
    <div className={`gnode ${status === "" ? "none" : tone(status)} ${selected ? "selected" : ""}`}>
      <Handle type="target" position={vertical ? Position.Top : Position.Left} isConnectable={false} />
      {view && <StatusIcon status={status} size={20} />}
      <div className="gnode-text">
        <div className="gnode-name" title={node.name}>{node.name}</div>
        <div className="gnode-note">{note(data, ms)}</div>
      </div>
      {view && view.executions.length > 1 && <span className="gnode-again" title={`Run ${view.executions.length} times`}>×{view.executions.length}</span>}
      {jobs && jobs.total > 0 && (
        <div className="gnode-bar" aria-hidden="true">
          <i className="good" style={{ flexGrow: jobs.good }} />
          <i className="bad" style={{ flexGrow: jobs.bad }} />
          <i className="busy" style={{ flexGrow: jobs.busy }} />
          <i style={{ flexGrow: jobs.total - jobs.good - jobs.bad - jobs.busy }} />
        </div>
      )}
      <Handle type="source" position={vertical ? Position.Bottom : Position.Right} isConnectable={false} />
    </div>
  );
});

function note({ node, view }: Data, ms: number | undefined): string {
  if (!view) return [node.environment, node.pipeline !== node.name ? node.pipeline : node.application].filter(Boolean).join(" · ") || node.kind;
  if (view.notRun) return "Not run: condition";
  if (!view.latest) return node.environment || "Not reached";
  if (view.latest.waits && view.latest.status === "Waiting") return "Waiting";
  const parts = [ms === undefined ? "" : duration(ms), view.jobs.total > 1 ? `${view.jobs.good + view.jobs.bad}/${view.jobs.total} jobs` : "", node.environment];
  return parts.filter(Boolean).join(" · ");
}

const Small = memo(function Small({ data, selected }: NodeProps<GraphNode>) {
  const { node, view, vertical } = data;
  const status = view?.status ?? "";
  return (
    <div className={`gnode small ${status === "" ? "none" : tone(status)} ${selected ? "selected" : ""}`}>
      <Handle type="target" position={vertical ? Position.Top : Position.Left} isConnectable={false} />
      {view && <StatusIcon status={status} size={14} />}
      <div className="gnode-name" title={node.name}>{node.name}</div>
      <Handle type="source" position={vertical ? Position.Bottom : Position.Right} isConnectable={false} />
    </div>
  );
});

function WayEdge({ id, sourceX, sourceY, targetX, targetY, data }: EdgeProps<Way>) {
  const path = curve({ x: sourceX, y: sourceY }, data?.through ?? [], { x: targetX, y: targetY }, data?.vertical ?? false);
  return <BaseEdge id={id} path={path} />;
}

const EDGE_TYPES = { way: WayEdge };
const NODE_TYPES = { box: Box, small: Small };
