import { expect, test } from "vitest";
import { chosen, parameterFields } from "./startForm";
import type { PipelineParameter, Run } from "./types";

const declared: PipelineParameter[] = [
  { name: "flavour", type: "list", default: "release;debug", description: "What for" },
  { name: "fast", type: "boolean", default: "" },
  { name: "title", type: "string", default: "{{.git.branch}}" },
];

test("fields begin with defaults; the first of a list is its default", () => {
  const fields = parameterFields(declared);
  expect(fields.map((f) => f.initial)).toEqual(["release", "false", "{{.git.branch}}"]);
  expect(fields.map((f) => f.choices)).toEqual([["release", "debug"], ["true", "false"], []]);
});

test("a node's own values win over defaults, an earlier run's over both", () => {
  expect(parameterFields(declared, { flavour: "debug" })[0]?.initial).toBe("debug");
  const before = { node_runs: [{ node: "build", parameters: [{ name: "cds.pip.flavour", value: "tiny", origin: "pipeline", tainted: false }] }] } as unknown as Run;
  const [field] = parameterFields(declared, { flavour: "debug" }, before, "build");
  expect(field).toMatchObject({ initial: "tiny", choices: ["tiny", "release", "debug"] });
  expect(parameterFields(declared, {}, before, "other")[0]?.initial).toBe("release");
});

test("a field knows the pipeline's default where it begins with something else", () => {
  const fields = parameterFields(declared, { flavour: "debug;tiny", fast: "true", title: "" });
  expect(fields.map((f) => f.initial)).toEqual(["debug", "true", ""]);
  expect(fields.map((f) => f.otherwise)).toEqual(["release", "false", "{{.git.branch}}"]);
  expect(parameterFields(declared, { flavour: "release" }).map((f) => f.otherwise)).toEqual([undefined, undefined, undefined]);
});

test("a new run sends what was touched, also if it was set back; a repeated one everything", () => {
  const fields = parameterFields(declared, { flavour: "debug" });
  expect(chosen(fields, {}, false)).toEqual({});
  expect(chosen(fields, { title: "x", fast: "false" }, false)).toEqual({ title: "x", fast: "false" });
  expect(chosen(fields, { flavour: "release" }, false)).toEqual({ flavour: "release" });
  expect(chosen(fields, { title: "" }, true)).toEqual({ flavour: "debug", fast: "false", title: "" });
});
