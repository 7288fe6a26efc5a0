import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";
import { isUnanswered } from "../api/client";
import { Intents } from "../api/intents";
import { queries } from "../api/queries";
import type { Run } from "../model/types";
import { report, toast } from "../ui/toast";

/** The second click of a double click is not meant for what its button has become meanwhile. */
export const DOUBLE_CLICK_MS = 700;

export interface Act<A> {
  /** A node's name, or RUN. */
  of: string;
  /** What tells this wish from others. */
  wish: unknown;
  action: (intent: string) => Promise<A>;
  /** What is said once it is answered. */
  done: string;
  /** Why nothing came of it all the same: it stays to be read. */
  refused?: (answer: A) => string | undefined;
  /** After an answer that was good. */
  then?: () => void;
}

/** The run as a whole. */
export const RUN = "";

/**
 * What people do to a run. Of a node one thing at a time: a second press does nothing until the first is answered and the run
 * has been read again, for until then its buttons offer what is done already.
 */
export function useActs({ project_key: key, workflow_name: workflow, number }: Run): { busy: ReadonlySet<string>; act: <A>(it: Act<A>) => void } {
  const client = useQueryClient();
  const [intents] = useState(() => new Intents());
  const held = useRef(new Set<string>());
  const [busy, setBusy] = useState<ReadonlySet<string>>(held.current);
  const act = useCallback(
    <A>({ of, wish, action, done, refused, then }: Act<A>) => {
      if (held.current.has(of)) return;
      const show = () => setBusy(new Set(held.current));
      const least = new Promise((resolve) => setTimeout(resolve, DOUBLE_CLICK_MS));
      held.current.add(of);
      show();
      action(intents.key(wish))
        .then(async (answer) => {
          intents.done(wish);
          const why = refused?.(answer);
          if (why === undefined) toast(done);
          else toast(why, "error");
          then?.();
          await Promise.all([String(number), "latest"].map((n) => client.invalidateQueries({ queryKey: queries.run(key, workflow, n).queryKey, exact: true })));
        })
        // What is said stays to be read, also once the server is back.
        .catch((e: unknown) => (isUnanswered(e) ? toast("The server did not answer. Once it is back, the page shows whether it was done.", "error") : report(e)))
        .then(() => least)
        .finally(() => {
          held.current.delete(of);
          show();
        });
    },
    [client, intents, key, workflow, number],
  );
  return { busy, act };
}
