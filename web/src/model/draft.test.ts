import { expect, test } from "vitest";
import { dropDraft, keepDraft, leftDraft, readDraft } from "./draft";
import { parameterFields } from "./startForm";

function store() {
  const kept = new Map<string, string>();
  return { kept, getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v), removeItem: (k: string) => void kept.delete(k) };
}
const fields = parameterFields([{ name: "title", type: "string", default: "" }, { name: "secret", type: "password", default: "" }]);
const draft = { from: "b", values: { title: "mine", secret: "hunter2" }, rows: [{ id: 0, name: "branch", value: "dev", fixed: true }] };

test("what was typed is there again for the same user on the same page, without passwords", () => {
  const it = store();
  keepDraft(it, "ada", "/run/1", draft, fields);
  expect(readDraft(it, "ada", "/run/1", "b")).toEqual({ ...draft, values: { title: "mine" } });
  expect([readDraft(it, "eve", "/run/1", "b"), readDraft(it, "ada", "/run/2", "b")]).toEqual([undefined, undefined]);
  expect([...it.kept.values()].join("")).not.toContain("hunter2");
  dropDraft(it, "ada", "/run/1", "b");
  expect(readDraft(it, "ada", "/run/1", "b")).toBeUndefined();
});

test("a draft that was put away says so", () => {
  const it = store();
  keepDraft(it, "ada", "/run/1", { ...draft, away: true }, fields);
  expect(readDraft(it, "ada", "/run/1", "b")?.away).toBe(true);
  keepDraft(it, "ada", "/run/1", draft, fields);
  expect(readDraft(it, "ada", "/run/1", "b")?.away).toBeUndefined();
});

test("forms of one page keep a draft each; the one that was open comes back", () => {
  const it = store();
  const anew = { ...draft, from: undefined };
  keepDraft(it, "ada", "/run/1", { ...anew, away: true }, fields);
  keepDraft(it, "ada", "/run/1", draft, fields);
  expect(readDraft(it, "ada", "/run/1", undefined)?.away).toBe(true);
  expect(leftDraft(it, "ada", "/run/1")?.from).toBe("b");
  dropDraft(it, "ada", "/run/1", "b");
  expect([readDraft(it, "ada", "/run/1", "b"), leftDraft(it, "ada", "/run/1")]).toEqual([undefined, undefined]);
  expect(readDraft(it, "ada", "/run/1", undefined)?.rows).toEqual(anew.rows);
  dropDraft(it, "ada", "/run/1", undefined);
  expect(it.kept.size).toBe(0);
});

test("what can't be read is no draft, and a full store no fault", () => {
  const it = store();
  for (const text of ["{", "null", "7", '[null, {"values":{}}]']) {
    it.kept.set("cds.draft ada /", text);
    expect(readDraft(it, "ada", "/", undefined)).toBeUndefined();
  }
  const full = { ...it, setItem: () => { throw new Error("full"); } };
  expect(() => keepDraft(full, "ada", "/", draft, fields)).not.toThrow();
});
