import { type PointerEvent, type RefObject, memo } from "react";
import type { Size } from "../../model/view";

interface Props {
  plane: Size;
  /** Boxes by tone, as one path each. */
  boxes: Map<string, string>;
  /** The frame around what is in view; moved from outside. */
  frame: RefObject<HTMLDivElement | null>;
  /** A point of the plane, as shares of its width and height. */
  onPoint: (x: number, y: number) => void;
}

/** The whole graph, small. It stretches: a graph of thousands of nodes is a thread otherwise. */
export const MiniMap = memo(function MiniMap({ plane, boxes, frame, onPoint }: Props) {
  const point = (e: PointerEvent<HTMLDivElement>) => {
    if (e.buttons !== 1) return;
    const box = e.currentTarget.getBoundingClientRect();
    onPoint((e.clientX - box.left) / box.width, (e.clientY - box.top) / box.height);
  };
  return (
    <div className="gmap" data-fixed aria-hidden="true" onPointerDown={point} onPointerMove={point}>
      <svg viewBox={`0 0 ${plane.width} ${plane.height}`} preserveAspectRatio="none">
        {[...boxes].map(([tone, path]) => <path key={tone} className={tone} d={path} />)}
      </svg>
      <div ref={frame} className="gmap-frame" />
    </div>
  );
});
