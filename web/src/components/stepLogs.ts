import { useEffect, useRef } from "react";
import { StepLog } from "../api/stepLog";
import type { Block } from "../model/rows";
import { silentText } from "../model/steps";
import type { StepRun } from "../model/types";

/** Rows of a log: the head of a step, or its lines. */
export interface Part extends Block {
  step: StepRun;
  log: StepLog;
  open: boolean;
  head: boolean;
}

/** One StepLog for each step, closed with the view. */
export function useStepLogs(job: string, attempt: number, render: () => void): (step: number) => StepLog {
  const known = useRef(new Map<number, StepLog>());
  const frame = useRef(0);
  useEffect(() => {
    const map = known.current;
    return () => {
      cancelAnimationFrame(frame.current);
      for (const log of map.values()) log.close();
      map.clear();
    };
  }, []);
  return (step) => {
    let log = known.current.get(step);
    if (!log) {
      // Many lines of one moment are one drawing.
      log = new StepLog(job, attempt, step, () => {
        cancelAnimationFrame(frame.current);
        frame.current = requestAnimationFrame(render);
      });
      known.current.set(step, log);
    }
    return log;
  };
}

/** What stands in the place of the lines of a step that has none. `over`: its job has ended. */
export function emptyText(status: string, log: Pick<StepLog, "state" | "error">, over: boolean): string {
  if (log.state === "failed") return `The log could not be read: ${log.error}`;
  if (log.state === "away") return `${log.error} Trying again by itself.`;
  if (log.state === "loading") return "Reading…";
  return silentText(status, over);
}
