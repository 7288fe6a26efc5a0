import { expect, test } from "vitest";
import { GATE, label, rowLabel } from "./status";

test("a row that waits for a person says that what came before it succeeded", () => {
  expect(rowLabel(GATE)).toBe("Waits for a person, all before succeeded");
  expect(rowLabel("Fail")).toBe(label("Fail"));
});
