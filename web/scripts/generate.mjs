// Writes src/api/generated/schema.ts from ../openapi.json (or from the document given as an argument).
// Operation ids are left out: they are unique only within a tag, and the client is typed by path.
import { readFile, writeFile } from "node:fs/promises";
import { generate } from "./schema.mjs";

const source = process.argv[2] ?? new URL("../../openapi.json", import.meta.url);
const text = await generate(JSON.parse(await readFile(source, "utf8")));
await writeFile(new URL("../src/api/generated/schema.ts", import.meta.url), text);
