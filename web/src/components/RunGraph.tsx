import "@xyflow/react/dist/base.css";
import "../styles/graph.css";
import { ReactFlowProvider } from "@xyflow/react";
import { memo, useMemo, useRef } from "react";
import { layout } from "../model/graph";
import type { RunView } from "../model/runView";
import type { WorkflowNode } from "../model/types";
import { useWidth } from "../util/hooks";
import { Flow } from "./graph/Flow";

/** With more nodes than this there is a small map of all of them. */
const MAPPED = 60;
/** Widths of the side beside the graph: of buttons alone, with a map, with a map on a phone. */
const SIDE = 38;
const SIDE_MAPPED = 134;
const SIDE_MAPPED_NARROW = 56;

/** The least scale at the beginning, at which names can be read; what does not fit then is a drag away. */
const READABLE = 0.5;
const READABLE_NARROW = 0.85;

interface Props {
  nodes: WorkflowNode[];
  view?: RunView;
  selected?: string;
  onSelect?: (name: string) => void;
}

/** The graph of a workflow, or of a run if there is a view. Tab, arrow keys and Enter work on its nodes. */
export default memo(function RunGraph({ nodes, view, selected, onSelect }: Props) {
  const outer = useRef<HTMLDivElement>(null);
  const width = useWidth(outer);
  const vertical = width > 0 && width < 560;
  // Places depend on the shape alone: a new status moves nothing.
  const shape = useMemo(() => JSON.stringify(nodes.map((n) => [n.name, n.kind, n.parents])), [nodes]);
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const placed = useMemo(() => layout(nodes, vertical ? "TB" : "LR"), [shape, vertical]);
  const mapped = nodes.length > MAPPED;
  const side = !mapped ? SIDE : vertical ? SIDE_MAPPED_NARROW : SIDE_MAPPED;
  const least = vertical ? READABLE_NARROW : READABLE;
  const zoom = Math.min(1, Math.max(least, (width - side - 32) / Math.max(1, placed.width)));
  const box = { width: width - side, height: Math.min(Math.max(placed.height * zoom + 36, mapped ? 240 : 124), vertical ? 320 : 480) };
  return (
    <div ref={outer} className="graph" style={{ height: box.height }}>
      {width > 0 && (
        <ReactFlowProvider key={shape + vertical}>
          <Flow placed={placed} box={box} mapped={mapped} least={least} nodes={nodes} view={view} selected={selected} onSelect={onSelect} vertical={vertical} />
        </ReactFlowProvider>
      )}
    </div>
  );
});
