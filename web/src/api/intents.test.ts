import { expect, test } from "vitest";
import { Intents } from "./intents";

test("a wish keeps its key until it is done, and another one has another", () => {
  const it = new Intents();
  const wish = { node: "ship", after: 3 };
  const key = it.key(wish);
  expect(key).toMatch(/^[0-9a-f]{32}$/);
  expect(it.key({ ...wish })).toBe(key);
  expect(it.key({ ...wish, after: 4 })).not.toBe(key);
  it.done(wish);
  expect(it.key(wish)).not.toBe(key);
});
