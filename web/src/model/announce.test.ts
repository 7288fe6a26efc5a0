import { expect, test } from "vitest";
import { announce, type Heard } from "./announce";
import { GATE } from "./status";

/** All that is said on the way through these states. */
function said(...states: (string | [string, string[]])[]): string[] {
  const all: string[] = [];
  let heard: Heard | undefined;
  for (const it of states) {
    const now = typeof it === "string" ? { status: it, gates: [] } : { status: it[0], gates: it[1] };
    const next = announce("shop #3", heard ?? now, now);
    heard = next.heard;
    if (next.text !== undefined) all.push(next.text);
  }
  return all;
}

test("each change is said once, and what was there from the beginning is not", () => {
  expect(said("Success")).toEqual([]);
  expect(said("Waiting", "Building", "Fail")).toEqual(["shop #3 is running", "shop #3 failed"]);
  expect(said("Building", "Building", "Success", "Success")).toEqual(["shop #3 succeeded"]);
  expect(said("Building", "Stopped")).toEqual(["shop #3 was stopped"]);
});

test("a run of many nodes that waits for workers in between does not chatter", () => {
  expect(said("Pending", "Waiting", "Building", "Waiting", "Building", "Waiting", "Building", "Success")).toEqual(["shop #3 is running", "shop #3 succeeded"]);
});

test("what goes on after its end is said again", () => {
  expect(said("Fail", "Waiting", "Building", "Fail")).toEqual(["shop #3 is running", "shop #3 failed"]);
  expect(said("Success", "Building", "Success")).toEqual(["shop #3 is running", "shop #3 succeeded"]);
});

test("what waits for a person is named, many are counted", () => {
  expect(said("Building", [GATE, ["ship"]])).toEqual(["shop #3: ship waits for a person"]);
  expect(said("Building", ["Building", ["ship"]], ["Building", ["ship", "tell"]], ["Building", ["tell"]])).toEqual(["shop #3: ship waits for a person", "shop #3: tell waits for a person"]);
  expect(said("Building", [GATE, ["a", "b", "c"]])).toEqual(["shop #3: 3 nodes wait for a person"]);
  expect(said("Building", ["Fail", ["ship"]])).toEqual(["shop #3 failed; ship waits for a person"]);
  expect(said(["Building", ["ship"]], [GATE, ["ship"]])).toEqual(["shop #3: it waits for a person"]);
});
