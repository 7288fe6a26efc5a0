import { useReactFlow, useStoreApi } from "@xyflow/react";
import { memo, type PointerEvent, useLayoutEffect, useMemo, useRef } from "react";
import { bundle, type Layout, rectangle } from "../../model/graph";
import type { RunView } from "../../model/runView";
import { seen } from "../../model/view";
import { nodeTone } from "./elements";

const percent = (share: number) => `${100 * Math.min(1, Math.max(0, share))}%`;

/**
 * The whole graph, small. It stretches: a graph of thousands of nodes is a thread otherwise. React Flow's own has an
 * element with a subscription for each node, which is too much for thousands.
 */
export const MiniMap = memo(function MiniMap({ placed, view }: { placed: Layout; view: RunView | undefined }) {
  const frame = useRef<HTMLDivElement>(null);
  const store = useStoreApi();
  const { setViewport } = useReactFlow();
  const boxes = useMemo(() => bundle(placed.nodes, (p) => nodeTone(view, p.name), rectangle), [placed, view]);

  // Moved with the view, outside of React.
  useLayoutEffect(() => {
    let before: ReturnType<typeof store.getState> | undefined;
    const move = () => {
      const state = store.getState();
      const { transform, width, height } = state;
      if (!frame.current || (transform === before?.transform && width === before.width && height === before.height)) return;
      before = state;
      const [x, y, zoom] = transform;
      const area = seen({ x, y, zoom }, { width, height });
      frame.current.style.inset = [area.y / placed.height, 1 - (area.x + area.width) / placed.width, 1 - (area.y + area.height) / placed.height, area.x / placed.width].map(percent).join(" ");
    };
    move();
    return store.subscribe(move);
  }, [store, placed]);

  const point = (e: PointerEvent<HTMLDivElement>) => {
    if (e.buttons !== 1) return;
    const at = e.currentTarget.getBoundingClientRect();
    const { transform: [, , zoom], width, height } = store.getState();
    const [x, y] = [((e.clientX - at.left) / at.width) * placed.width, ((e.clientY - at.top) / at.height) * placed.height];
    void setViewport({ zoom, x: width / 2 - x * zoom, y: height / 2 - y * zoom });
  };
  return (
    <div className="gmap" aria-hidden="true" onPointerDown={point} onPointerMove={point}>
      <svg viewBox={`0 0 ${placed.width} ${placed.height}`} preserveAspectRatio="none">
        {boxes.map(({ kind, line }, i) => <path key={i} className={kind} d={line} />)}
      </svg>
      <div ref={frame} className="gmap-frame" />
    </div>
  );
});
