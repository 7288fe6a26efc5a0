import { useEffect, useState } from "react";
import { announce, type Heard } from "../model/announce";
import { useSettled } from "../util/hooks";

/** What changes in a moment is one change: gates that open together, a run that ends as soon as it goes on. */
const TOGETHER_MS = 400;

/** Tells screen readers, when they have finished their sentence, what has become of what the page is about. */
export function Announce({ name, status, gates = [] }: { name: string } & Pick<Heard, "status"> & Partial<Heard>) {
  const now = useSettled(JSON.stringify({ status, gates }), TOGETHER_MS);
  const [{ text }, set] = useState<{ heard: Heard | undefined; text: string | undefined }>({ heard: undefined, text: "" });
  useEffect(() => {
    const next = JSON.parse(now) as Heard;
    set((before) => {
      const said = announce(name, before.heard ?? next, next);
      return { heard: said.heard, text: said.text ?? before.text };
    });
  }, [name, now]);
  return <p className="sr" role="status">{text}</p>;
}
