import { expect, test } from "vitest";
import { chosen, collected, doubled, fieldsOf, parameterFields, payloadRows, passedOn } from "./startForm";
import type { PipelineParameter } from "./types";

const declared: PipelineParameter[] = [
  { name: "flavour", type: "list", default: "release;debug", description: "What for" },
  { name: "fast", type: "boolean", default: "" },
  { name: "title", type: "string", default: "{{.git.branch}}" },
];
const earlier = (origin: string, values: Record<string, string>) => Object.entries(values).map(([name, value]) => ({ name: `cds.pip.${name}`, value, origin, tainted: false }));

test("fields begin with defaults; the first of a list is its default", () => {
  const fields = parameterFields(declared);
  expect(fields.map((f) => f.initial)).toEqual(["release", "false", "{{.git.branch}}"]);
  expect(fields.map((f) => f.choices)).toEqual([["release", "debug"], ["true", "false"], []]);
});

test("a node's own values win over defaults, what somebody typed for an earlier run over both", () => {
  expect(parameterFields(declared, { flavour: "debug" })[0]?.initial).toBe("debug");
  for (const origin of ["person", "by hand"]) {
    const [field] = parameterFields(declared, { flavour: "debug" }, earlier(origin, { flavour: "tiny" }));
    expect(field).toMatchObject({ initial: "tiny", byHand: true, choices: ["tiny", "release", "debug"], otherwise: "debug", otherwiseOf: "workflow" });
  }
});

test("what an earlier run made of its defaults is neither shown nor sent", () => {
  for (const origin of ["pipeline", "node"]) {
    const fields = parameterFields(declared, {}, earlier(origin, { flavour: "release", fast: "false", title: "main" }));
    expect(fields.map((f) => f.initial)).toEqual(["release", "false", "{{.git.branch}}"]);
    expect(chosen(fields, {})).toEqual({});
  }
});

test("a field knows the pipeline's default where it begins with something else", () => {
  const fields = parameterFields(declared, { flavour: "debug;tiny", fast: "true", title: "" });
  expect(fields.map((f) => f.initial)).toEqual(["debug", "true", ""]);
  expect(fields.map((f) => f.otherwise)).toEqual(["release", "false", "{{.git.branch}}"]);
  expect(parameterFields(declared, { flavour: "release" }).map((f) => f.otherwise)).toEqual([undefined, undefined, undefined]);
});

test("what was touched is sent, also if it was set back, and what had been typed before", () => {
  const fields = parameterFields(declared, { flavour: "debug" });
  expect(chosen(fields, {})).toEqual({});
  expect(chosen(fields, { title: "x", fast: "false" })).toEqual({ title: "x", fast: "false" });
  expect(chosen(fields, { flavour: "release" })).toEqual({ flavour: "release" });
  const again = parameterFields(declared, {}, earlier("person", { title: "mine", more: "1" }));
  expect(chosen(again, {})).toEqual({ title: "mine", more: "1" });
  expect(chosen(again, { title: "", fast: "true" })).toEqual({ title: "", fast: "true", more: "1" });
});

test("a run that goes on with a pipeline changed since shows nothing as its defaults", () => {
  const own = earlier("pipeline", { flavour: "release", old: "b" });
  const fields = parameterFields(declared, { flavour: "debug" }, own, true);
  expect(fields.map((f) => [f.name, f.initial, f.unknown])).toEqual([["flavour", "debug", false], ["old", "", true]]);
  expect(chosen(fields, { old: "" })).toEqual({});
  expect(chosen(fields, { old: "c" })).toEqual({ old: "c" });
  expect(parameterFields(declared, {}, [], true).map((f) => [f.name, f.unknown, f.choices])).toEqual([["flavour", true, []], ["fast", true, []], ["title", true, []]]);
});

test("a payload is fields, with each name once, and JSON where that says the same", () => {
  const rows = [...payloadRows({ branch: "main" }), { id: 1, name: " branch ", value: "dev", fixed: false }, { id: 2, name: "", value: "x", fixed: false }];
  expect([...doubled(rows)]).toEqual([1]);
  expect(collected(rows.slice(0, 1))).toEqual({ branch: "main" });
  expect(fieldsOf('{"a": "b", "n": 3, "yes": true}')).toEqual({ values: { a: "b", n: "3", yes: "true" } });
  expect(fieldsOf("")).toEqual({ values: {} });
  for (const [json, why] of [["{", /not JSON/], ["[1]", /object/], ["7", /object/], ['{"a": {"b": 1}}', /“a”/], ['{"a": null}', /“a”/], ['{"a": 1.5}', /“a”/]] as const) expect(fieldsOf(json)).toMatchObject({ why: expect.stringMatching(why) });
  expect(payloadRows({ a: "1", new: "2" }, { a: "0" }).map((r) => r.fixed)).toEqual([true, false]);
});

test("a node in the middle begins with what it would be passed on", () => {
  const passed = [{ name: "git.branch", value: "hotfix/1", origin: "payload", tainted: true }, { name: "cds.node", value: "a", origin: "builtin", tainted: false }];
  expect(passedOn({ "git.branch": "main", note: "x" }, passed)).toEqual({ "git.branch": "hotfix/1", note: "x" });
  expect(passedOn({ "git.branch": "main" }, undefined)).toEqual({ "git.branch": "main" });
});
