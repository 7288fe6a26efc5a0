import { BaseEdge, type EdgeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { curve } from "../../model/graph";
import type { FlowEdge } from "./elements";

/** An edge that passes between the nodes on its way. */
export const GraphEdge = memo(function GraphEdge({ sourceX, sourceY, targetX, targetY, sourcePosition, data }: EdgeProps<FlowEdge>) {
  const path = curve({ x: sourceX, y: sourceY }, data?.through ?? [], { x: targetX, y: targetY }, sourcePosition === Position.Bottom);
  return <BaseEdge path={path} interactionWidth={0} />;
});
