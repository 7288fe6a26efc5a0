// The example of the first steps: the files of /examples, imported as anybody's files are.
import build from "../../../examples/first-steps/build.pip.yml?raw";
import workflow from "../../../examples/first-steps/first-steps.yml?raw";
import ship from "../../../examples/first-steps/ship.pip.yml?raw";
import test from "../../../examples/first-steps/test.pip.yml?raw";
import { ownKeys } from "../model/projectKey";
import { client, data, Failure, raw } from "./client";

/** What is being done, for the button. */
export type Progress = string;

const NAME = "first-steps";

async function ownProject(username: string): Promise<string> {
  for (const key of ownKeys(username)) {
    try {
      await data(client.POST("/v1/projects", { body: { key, name: `First steps of ${username}` } }));
      return key;
    } catch (e) {
      // Taken, perhaps by a project that this user may not see: the next one.
      const taken = e instanceof Failure && [400, 403, 409].includes(e.status) && /exist/i.test(e.message);
      if (!taken) throw e;
    }
  }
  throw new Error("No free key was found for a project: make one by hand.");
}

/** Imports the example into a project, or into a new one. */
export async function importExample(into: string | undefined, username: string, say: (p: Progress) => void): Promise<{ key: string; workflow: string }> {
  say("Making a project…");
  const key = into ?? (await ownProject(username));
  const put = (kind: string, text: string) =>
    raw(`/v1/projects/${encodeURIComponent(key)}/import/${kind}?force=true`, { method: "POST", headers: { "content-type": "application/x-yaml" }, body: text });
  say("Importing the files…");
  for (const text of [build, test, ship]) await put("pipeline", text);
  await put("workflow", workflow);
  return { key, workflow: NAME };
}
