import { expect, test } from "vitest";
import { plainText } from "./plain";

test("text without a log loses its colours, not its lines", () => {
  expect(plainText("\x1b[31mred\x1b[0m plain\n\x1b[1mnext\x1b[0m")).toBe("red plain\nnext");
});
