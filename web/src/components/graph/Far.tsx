import { ViewportPortal } from "@xyflow/react";
import { memo, type ReactNode, useMemo } from "react";
import { bundle, type Layout, type Placed, rectangle, wayBetween } from "../../model/graph";
import type { RunView } from "../../model/runView";
import { edgeKind, nodeTone } from "./elements";

/** Something behind the nodes, in their measures. */
function Picture({ className, children }: { className: string; children: ReactNode }) {
  return (
    <ViewportPortal>
      <svg className={className} width="1" height="1" aria-hidden="true">{children}</svg>
    </ViewportPortal>
  );
}

interface WaysProps {
  placed: Layout;
  places: ReadonlyMap<string, Placed>;
  view: RunView | undefined;
  vertical: boolean;
}

/** All edges as a few lines: thousands of elements would be too slow to move. */
export const Ways = memo(function Ways({ placed, places, view, vertical }: WaysProps) {
  const lines = useMemo(
    () => bundle(placed.edges, ({ from, to }) => edgeKind(view, from, to), ({ from, to, through }) => {
      const [a, b] = [places.get(from), places.get(to)];
      return a && b ? wayBetween(a, through, b, vertical) : "";
    }),
    [placed, places, view, vertical],
  );
  return <Picture className="gways">{lines.map(({ kind, line }, i) => <path key={i} className={kind} d={line} />)}</Picture>;
});

/** Nodes as plain boxes, where nobody could read their names. */
export const Boxes = memo(function Boxes({ placed, view, selected }: { placed: Layout; view: RunView | undefined; selected: Placed | undefined }) {
  const boxes = useMemo(() => bundle(placed.nodes, (p) => nodeTone(view, p.name), rectangle), [placed, view]);
  return (
    <Picture className="gfar">
      {boxes.map(({ kind, line }, i) => <path key={i} className={kind} d={line} />)}
      {selected && <path className="selected" d={rectangle(selected)} />}
    </Picture>
  );
});
