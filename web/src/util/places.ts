import { useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

const MOST = 50;
const places = new Map<string, unknown>();

/**
 * Where somebody was on this page when they left it, if the way back (or forth) has brought them here again. `now` is asked
 * as the page goes.
 */
export function usePlace<P>(of: string, now: () => P | undefined): P | undefined {
  const page = useLocation({ select: (at) => at.pathname });
  const entry = useLocation({ select: (at) => at.state.__TSR_key });
  // A page that is being left hears of the next one's address.
  const here = useRef({ page, entry });
  if (here.current.page === page) here.current.entry = entry;
  const name = `${here.current.entry} ${of}`;
  const found = useRef<P | undefined>(undefined);
  const began = useRef(false);
  if (!began.current) found.current = places.get(name) as P | undefined;
  began.current = true;
  const leave = useRef<() => void>(undefined);
  leave.current = () => {
    const place = here.current.entry === undefined ? undefined : now();
    // The youngest are at the end.
    places.delete(name);
    if (place === undefined) return;
    places.set(name, place);
    for (const oldest of [...places.keys()].slice(0, -MOST)) places.delete(oldest);
  };
  useEffect(() => () => leave.current?.(), []);
  return found.current;
}
