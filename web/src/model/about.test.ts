import { expect, test } from "vitest";
import { about, otherTags } from "./about";

const tags = (of: Record<string, string>) => Object.entries(of).map(([tag, value]) => ({ tag, value }));

test("a run says its branch, a short hash, the first line of its message and who", () => {
  const run = { triggered_by: "admin", tags: tags({ "git.branch": "hotfix/tax", "git.hash": "4f2a9c1d7e0b4f2a9c1d7e0b", "git.author": "ada", version: "1.2" }) };
  expect(about(run)).toEqual({ branch: "hotfix/tax", hash: "4f2a9c1d", wholeHash: "4f2a9c1d7e0b4f2a9c1d7e0b", message: undefined, author: "ada" });
  expect(about({ ...run, payload: { "git.message": "Ship it\nat last" } }).message).toBe("Ship it");
  expect(otherTags(run)).toEqual([{ tag: "version", value: "1.2" }]);
});

test("a run of no commit has who started it", () => {
  expect(about({ triggered_by: "cron", tags: [] })).toEqual({ branch: undefined, hash: undefined, wholeHash: undefined, message: undefined, author: "cron" });
});

test("letters that turn the direction of a text are seen", () => {
  const run = { tags: [{ tag: "git.author", value: "ada\u202e evil" }, { tag: "team", value: "\u2066x\u2069" }], triggered_by: "" };
  expect(about(run).author).toBe("ada\ufffd evil");
  expect(otherTags(run)).toEqual([{ tag: "team", value: "\ufffdx\ufffd" }]);
});
