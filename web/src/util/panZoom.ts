import { type RefObject, useEffect, useRef } from "react";
import { fit, hold, leastScale, type Size, type View, zoom } from "../model/view";

const MOST = 1.5;
/** A pointer that moved less than this was a click. */
const CLICK = 4;

export interface PanZoom {
  view: () => View;
  box: () => Size;
  set: (view: View) => void;
  resize: (box: Size) => void;
  zoomBy: (factor: number) => void;
  fitAll: () => void;
}

/**
 * Moves a plane in a box by pointer, pinch and Ctrl with the wheel. `apply` is called with each new view, outside of React:
 * a frame of panning sets one transform.
 */
export function usePanZoom(element: RefObject<HTMLElement | null>, plane: Size, apply: (view: View, box: Size) => void): PanZoom {
  const state = useRef({ view: { x: 0, y: 0, scale: 1 } as View, box: { width: 1, height: 1 } as Size });
  const latest = useRef({ plane, apply });
  latest.current = { plane, apply };
  const api = useRef<PanZoom>(null);
  api.current ??= {
    view: () => state.current.view,
    box: () => state.current.box,
    set(view) {
      state.current.view = hold(view, latest.current.plane, state.current.box);
      latest.current.apply(state.current.view, state.current.box);
    },
    resize(box) {
      state.current.box = box;
    },
    zoomBy(factor) {
      const { view, box } = state.current;
      api.current?.set(zoom(view, factor, { x: box.width / 2, y: box.height / 2 }, leastScale(latest.current.plane, box), MOST));
    },
    fitAll() {
      const { box } = state.current;
      api.current?.set(fit(latest.current.plane, box, leastScale(latest.current.plane, box)));
    },
  };
  const self = api.current;

  useEffect(() => {
    const box = element.current;
    if (!box) return;
    const pointers = new Map<number, { x: number; y: number }>();
    let begun: { x: number; y: number } | undefined;
    let moving = false;
    let frame = 0;
    let next: View | undefined;
    const later = (view: View) => {
      next = view;
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        if (next) self.set(next);
        next = undefined;
      });
    };
    const at = (e: { clientX: number; clientY: number }) => {
      const r = box.getBoundingClientRect();
      return { x: e.clientX - r.left, y: e.clientY - r.top };
    };
    const down = (e: PointerEvent) => {
      if (e.button !== 0 || (e.target as HTMLElement).closest("[data-fixed]")) return;
      pointers.set(e.pointerId, at(e));
      begun = at(e);
      moving = pointers.size > 1;
    };
    const move = (e: PointerEvent) => {
      const before = pointers.get(e.pointerId);
      if (!before || !begun) return;
      const now = at(e);
      if (!moving && Math.hypot(now.x - begun.x, now.y - begun.y) < CLICK) return;
      if (!moving) {
        moving = true;
        box.setPointerCapture(e.pointerId);
        box.classList.add("moving");
      }
      const view = next ?? self.view();
      const other = [...pointers].find(([id]) => id !== e.pointerId)?.[1];
      pointers.set(e.pointerId, now);
      if (other) {
        const factor = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
        later(zoom(view, factor, other, leastScale(latest.current.plane, self.box()), MOST));
      } else later({ ...view, x: view.x + now.x - before.x, y: view.y + now.y - before.y });
    };
    const up = (e: PointerEvent) => {
      pointers.delete(e.pointerId);
      if (pointers.size === 0) {
        box.classList.remove("moving");
        // The click that ends a drag is none.
        if (moving) box.addEventListener("click", stop, { capture: true, once: true });
        setTimeout(() => box.removeEventListener("click", stop, { capture: true }));
        moving = false;
      }
    };
    const stop = (e: Event) => e.stopPropagation();
    const wheel = (e: WheelEvent) => {
      if (!e.ctrlKey && !e.metaKey) return;
      e.preventDefault();
      later(zoom(next ?? self.view(), Math.exp(-e.deltaY / 300), at(e), leastScale(latest.current.plane, self.box()), MOST));
    };
    const observer = new ResizeObserver(() => {
      self.resize({ width: box.clientWidth, height: box.clientHeight });
      self.set(self.view());
    });
    observer.observe(box);
    box.addEventListener("pointerdown", down);
    box.addEventListener("pointermove", move);
    box.addEventListener("pointerup", up);
    box.addEventListener("pointercancel", up);
    box.addEventListener("wheel", wheel, { passive: false });
    return () => {
      observer.disconnect();
      cancelAnimationFrame(frame);
      box.removeEventListener("pointerdown", down);
      box.removeEventListener("pointermove", move);
      box.removeEventListener("pointerup", up);
      box.removeEventListener("pointercancel", up);
      box.removeEventListener("wheel", wheel);
    };
  }, [element, self]);
  return self;
}
