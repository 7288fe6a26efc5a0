// What a run was made of, for a glance: branch, commit and who.
import type { RunBrief } from "./types";

export interface About {
  branch: string | undefined;
  /** A few digits of it tell a commit. */
  hash: string | undefined;
  wholeHash: string | undefined;
  /** First line of the commit's message. */
  message: string | undefined;
  author: string;
}

/** From the tags; a run that is here as a whole knows more from its payload. */
export function about(run: Pick<RunBrief, "tags" | "triggered_by"> & { payload?: Record<string, string> }): About {
  const value = (name: string) => upright(run.tags.find((t) => t.tag === name)?.value || run.payload?.[name] || "") || undefined;
  const hash = value("git.hash");
  return {
    branch: value("git.branch") ?? value("git.tag"),
    hash: hash && shortHash(hash),
    wholeHash: hash,
    message: value("git.message")?.split("\n")[0]?.trim() || undefined,
    author: value("git.author") ?? run.triggered_by,
  };
}

export const shortHash = (hash: string): string => hash.slice(0, 8);

/** Tags that are shown in words of their own. */
const TOLD = new Set(["git.branch", "git.tag", "git.hash", "git.message", "git.author", "triggered_by"]);

export const otherTags = (run: Pick<RunBrief, "tags">): RunBrief["tags"] => run.tags.filter((t) => !TOLD.has(t.tag)).map((t) => ({ tag: t.tag, value: upright(t.value) }));

/** Letters that turn the direction of what follows, so that it reads as something else, are shown as what they are not: letters. */
function upright(text: string): string {
  return text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}
