import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
// @ts-expect-error the generator is plain JavaScript
import { generate } from "../../scripts/schema.mjs";

const document = new URL("../../../openapi.json", import.meta.url);

test.skipIf(!existsSync(document))("the client's types are those of openapi.json (else: npm run generate)", async () => {
  const text: string = await generate(JSON.parse(readFileSync(document, "utf8")));
  expect(text === readFileSync(new URL("./generated/schema.ts", import.meta.url), "utf8"), "stale: npm run generate").toBe(true);
});
