// Where a hatchery stands to a job that waits, in words.
import type { Tone } from "./status";
import type { Candidate } from "./types";

export function standing(h: Candidate): { tone: Tone; text: string } {
  if (!h.fits) return { tone: "bad", text: h.up ? "cannot run it:" : "cannot run it, and is not up:" };
  if (!h.up && h.idle.length === 0) return { tone: "bad", text: "could run it, but is not up" };
  if (h.idle.length > 0) return { tone: "good", text: `can take it now: ${count(h.idle.length, "worker")} free (${h.idle.slice(0, 5).join(", ")}${h.idle.length > 5 ? ", …" : ""})` };
  if (h.starting > 0) return { tone: "wait", text: `can run it: ${count(h.starting, "worker")} on the way` };
  if (h.room > 0) return { tone: "wait", text: `can run it: room for ${count(h.room, "new worker")}` };
  if (h.busy > 0) return { tone: "busy", text: h.busy === 1 ? "can run it: its only worker is busy" : `can run it: all ${h.busy} workers are busy` };
  return { tone: "bad", text: "can run it, but may start no workers" };
}

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
