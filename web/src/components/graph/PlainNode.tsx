import { useStore, ViewportPortal } from "@xyflow/react";
import type { CSSProperties } from "react";
import type { Placed } from "../../model/graph";
import { label } from "../../model/status";
import type { WorkflowNode } from "../../model/types";

interface Props {
  place: Placed;
  node: WorkflowNode | undefined;
  /** Absent where there is no run. */
  status: string | undefined;
  selected: boolean;
  onSelect: (name: string) => void;
}

/** Pixels of the screen. */
const LEAST = 24;

/** Among nodes drawn as plain boxes, the one the keyboard is at: a button over its box that tells its name. */
export function PlainNode({ place, node, status, selected, onSelect }: Props) {
  const zoom = useStore((state) => state.transform[2]);
  // Large enough to be aimed at, whatever the scale.
  const [width, height] = [Math.max(place.width, LEAST / zoom), Math.max(place.height, LEAST / zoom)];
  const state = status === undefined ? "" : `${label(status)}: `;
  return (
    <ViewportPortal>
      <button
        type="button"
        aria-pressed={selected}
        className="gplain"
        // What is for the eyes keeps its size.
        style={{ left: place.x - (width - place.width) / 2, top: place.y - (height - place.height) / 2, width, height, "--up": 1 / zoom } as CSSProperties}
        data-node={place.name}
        onClick={() => onSelect(place.name)}
      >
        <span className="gplain-name"><span className="muted">{state}<span className="sr">{node?.kind} </span></span>{place.name}</span>
      </button>
    </ViewportPortal>
  );
}
