import { expect, test } from "vitest";
import { ownKeys, projectKeyOf } from "./projectKey";

test("keys are capitals and digits, whatever the name", () => {
  expect(projectKeyOf("The shop, 2nd try")).toBe("THESHOP2NDTRY");
  expect(projectKeyOf("Ça & là")).toBe("CALA");
  expect(projectKeyOf("日本")).toBe("");
  expect(projectKeyOf("x".repeat(99))).toHaveLength(20);
});

test("everybody finds a key of their own", () => {
  const keys = [...ownKeys("日本")];
  expect(keys[0]).toBe("MYFIRST");
  expect(new Set(keys).size).toBe(keys.length);
  for (const key of [...ownKeys("a.very-long_user.name.of.32.chars"), ...keys]) expect(key).toMatch(/^[A-Z0-9]{1,24}$/);
});
