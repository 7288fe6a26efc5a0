import { Handle, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import type { NodeView } from "../../model/runView";
import { GATE, isFinal, kindName, label, tone, UNDECIDED } from "../../model/status";
import { between, duration } from "../../model/time";
import type { WorkflowNode } from "../../model/types";
import { useNow } from "../../util/hooks";
import { StatusIcon } from "../Status";
import type { FlowNode } from "./elements";

/** A node of the graph as a box with its name, state and progress. */
export const GraphNode = memo(function GraphNode({ data: { node, view, active, stop }, selected, sourcePosition, targetPosition }: NodeProps<FlowNode>) {
  const latest = view?.latest;
  const now = useNow(latest !== undefined && !isFinal(latest.status));
  const status = view?.status ?? "";
  const jobs = view?.jobs;
  const small = node.kind === "join" || node.kind === "fork";
  const said = note(node, view, between(latest?.start, latest?.done, now));
  const Tag = active ? "button" : "div";
  return (
    <>
      <Tag
        {...(active && { type: "button" as const, "aria-pressed": selected, tabIndex: stop ? 0 : -1 })}
        className={`gnode ${small ? "small" : ""} ${status === "" ? "none" : tone(status)} ${selected ? "selected" : ""}`}
        data-node={node.name}
      >
        {view && <StatusIcon status={status} size={small ? 14 : 20} />}
        <span className="sr">{`${view ? `${label(status)}: ` : ""}${kindName(node.kind)} `}</span>
        {small ? (
          <span className="gnode-name" title={node.name}>{node.name}</span>
        ) : (
          <span className="gnode-text">
            <span className="gnode-name" title={node.name}>{node.name}</span>
            <span className="gnode-note" title={status === UNDECIDED ? label(status) : said}>{said}</span>
          </span>
        )}
        {!small && view && view.executions.length > 1 && <span className="gnode-again" title={`Run ${view.executions.length} times`}>×{view.executions.length}</span>}
        {!small && jobs && jobs.total > 0 && (
          <span className="gnode-bar" aria-hidden="true">
            <i className="good" style={{ flexGrow: jobs.good }} />
            <i className="bad" style={{ flexGrow: jobs.bad }} />
            <i className="busy" style={{ flexGrow: jobs.busy }} />
            <i style={{ flexGrow: jobs.total - jobs.good - jobs.bad - jobs.busy }} />
          </span>
        )}
      </Tag>
      <Handle type="target" position={targetPosition ?? Position.Left} isConnectable={false} />
      <Handle type="source" position={sourcePosition ?? Position.Right} isConnectable={false} />
    </>
  );
});

function note(node: WorkflowNode, view: NodeView | undefined, ms: number | undefined): string {
  if (!view) return [node.environment, node.pipeline !== node.name ? node.pipeline : node.application].filter(Boolean).join(" · ") || kindName(node.kind);
  if (view.status === GATE) return "Waits for a person";
  // The whole of it has no room.
  if (view.status === UNDECIDED) return "Condition error";
  if (view.notRun) return "Not run: condition";
  if (!view.latest) return node.environment || "Not reached";
  if (view.latest.waits && view.latest.status === "Waiting") return "Waiting";
  const parts = [view.status === "Waiting" ? "Waiting" : ms === undefined ? "" : duration(ms), jobsOf(view), node.environment];
  return parts.filter(Boolean).join(" · ");
}

/** How far its jobs are; of one that has ended, how many went wrong. */
function jobsOf({ status, jobs: { total, good, bad } }: NodeView): string {
  if (total < 2) return "";
  if (!isFinal(status)) return `${good + bad}/${total} jobs`;
  return bad > 0 ? `${bad} of ${total} jobs failed` : `${total} jobs`;
}
