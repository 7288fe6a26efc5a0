import openapiTS, { astToString } from "openapi-typescript";

/** The TypeScript text for an OpenAPI document. */
export async function generate(document) {
  const copy = structuredClone(document);
  for (const path of Object.values(copy.paths)) for (const operation of Object.values(path)) delete operation.operationId;
  const head = "// Generated from openapi.json by `npm run generate`. Do not edit.\n\n";
  return head + astToString(await openapiTS(copy, { additionalProperties: false, defaultNonNullable: false }));
}
