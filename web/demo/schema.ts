// Shapes of answers, from the document: what the mock gives is checked against what the server gives.
import type { components } from "../src/api/generated/schema";

export type Schemas = components["schemas"];
/** Maps that the document describes as objects of any shape. */
export const map = (entries: Record<string, unknown>) => entries as unknown as Record<string, never>;
