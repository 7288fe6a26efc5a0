import { type RefObject, useCallback, useEffect, useLayoutEffect, useReducer, useRef } from "react";
import { type Block, Rows } from "../model/rows";
import { TallScroll } from "../model/tallScroll";

/** Rows drawn beyond the view on either side; the range moves in steps of it, so that most scrolling draws nothing. */
const BEYOND = 24;

export interface TallList {
  /** Rows to draw: `from` up to, not including, `to`. */
  from: number;
  to: number;
  /** Rows in view. */
  first: number;
  end: number;
  /** Height of the box, and where in it the drawn rows begin. */
  height: number;
  start: number;
  scrollTo: (index: number, align: "start" | "center" | "end") => void;
  onScroll: () => Moved;
  /** The row in the middle of the view, now. */
  middle: () => number;
}

/** What a scroll event was. */
export interface Moved {
  /** Pixels down (up: negative) that the reader moved the box, by whatever means; 0 if it was moved by us. */
  by: number;
  atEnd: boolean;
}

/** Nearer than this is at the end: places of boxes are not whole pixels. */
const END = 4;

/**
 * A list of any length in a scrolling element. `measure`: the drawn rows (elements with `data-row`) have heights of
 * their own, which are taken from the page; else those of their blocks.
 */
export function useTallList<B extends Block>(rows: Rows<B>, scroller: RefObject<HTMLElement | null>, measure: boolean): TallList {
  const [, draw] = useReducer((n: number) => n + 1, 0);
  const tall = useRef<TallScroll>(null);
  tall.current ??= new TallScroll();
  const scroll = tall.current;
  const view = useRef(800);
  const drawn = useRef("");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  /** Where `scrollTo` sent the view, until it is there. */
  const going = useRef<number>(undefined);
  /** Where the box was when it was last looked at or moved. */
  const seen = useRef(0);
  /** How far it could be scrolled in the drawings before this one: a list may have grown since a reader moved to its end. */
  const ends = useRef([0, 0, 0]);
  const list = useRef(rows);
  list.current = rows;
  scroll.resize(rows.height, view.current);

  const range = () => {
    const first = list.current.at(scroll.top);
    const end = Math.min(list.current.count, list.current.at(scroll.top + view.current) + 1);
    const from = Math.max(0, Math.floor(first / BEYOND - 1) * BEYOND);
    const to = Math.min(list.current.count, Math.ceil(end / BEYOND + 1) * BEYOND);
    return { first, end, from, to };
  };
  // The block at the top counts: its head stays in view.
  const nameOf = ({ first, from, to }: ReturnType<typeof range>) => {
    const top = list.current.find(first);
    return `${from} ${to} ${scroll.shift} ${top ? list.current.blocks.indexOf(top.block) : -1}`;
  };
  const now = range();
  drawn.current = nameOf(now);

  const redraw = () => {
    if (nameOf(range()) !== drawn.current) draw();
  };
  const place = (y: number) => {
    if (!scroller.current) return;
    if (Math.round(scroller.current.scrollTop) !== Math.round(y)) scroller.current.scrollTop = y;
    seen.current = scroller.current.scrollTop;
  };
  const onScroll = useCallback((): Moved => {
    if (!scroller.current) return { by: 0, atEnd: false };
    const by = scroller.current.scrollTop - seen.current;
    seen.current = scroller.current.scrollTop;
    scroll.moved(seen.current);
    redraw();
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const honest = scroll.settle();
      if (honest === undefined) return;
      draw();
      place(honest);
    }, 120);
    return { by: Math.abs(by) < 1 ? 0 : by, atEnd: scroll.below < END || seen.current > Math.min(...ends.current) - END };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  const scrollTo = useCallback((index: number, align: "start" | "center" | "end") => {
    const top = list.current.top(index);
    const height = list.current.top(index + 1) - top;
    const y = align === "start" ? top : align === "end" ? top + height - view.current : top - (view.current - height) / 2;
    // The box must have its new height before it can be scrolled there: the next drawing does it.
    going.current = scroll.go(y);
    draw();
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  useLayoutEffect(() => {
    ends.current = [...ends.current.slice(1), scroll.placed - view.current];
  });
  useLayoutEffect(() => {
    if (going.current === undefined || !scroller.current) return;
    place(going.current);
    going.current = undefined;
    onScroll();
  });

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      view.current = element.clientHeight;
      draw();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      clearTimeout(timer.current);
    };
  }, [scroller]);

  useLayoutEffect(() => {
    if (!measure || !scroller.current) return;
    let above = 0;
    let any = false;
    const first = list.current.at(scroll.top);
    for (const element of scroller.current.querySelectorAll<HTMLElement>("[data-row]")) {
      const index = Number(element.dataset.row);
      const at = list.current.find(index);
      const grown = at?.block.heights.set(at.row, element.offsetHeight) ?? 0;
      if (grown !== 0) any = true;
      if (index < first) above += grown;
    }
    if (!any) return;
    // What is in view stays where it is.
    if (above !== 0) {
      scroll.resize(list.current.height + above, view.current);
      place(scroll.go(scroll.top + above));
    }
    draw();
  });
  useEffect(() => {
    // A list that became shorter has its place moved by the browser; a longer one needs nothing.
    if (scroller.current) redraw();
  });

  return { ...now, height: scroll.placed, start: rows.top(now.from) + scroll.shift, scrollTo, onScroll, middle: () => list.current.at(scroll.top + view.current / 2) };
}
