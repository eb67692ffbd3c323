// Pieces of the JSON Schema for editors.
import type { JsonObject } from "@bufbuild/protobuf";

export const duration = (description: string): JsonObject => ({
  type: "string",
  pattern: "^([0-9]+(\\.[0-9]+)?(ms|[dhms]))+$",
  description: `${description}; for example 30s, 5m, 1h30m, 2d`,
});
export const text = (description: string): JsonObject => ({ type: "string", description });
/** CEL; what YAML takes for true or false is one, too. */
export const condition = (description: string): JsonObject => ({
  type: ["string", "boolean"],
  description,
});
export const words = (
  list: Readonly<Record<string, unknown>>,
  description: string,
): JsonObject => ({
  enum: Object.keys(list),
  description,
});
export const closed = (
  description: string,
  properties: JsonObject,
  required: readonly string[] = [],
): JsonObject => ({
  type: "object",
  description,
  additionalProperties: false,
  properties,
  ...(required.length === 0 ? {} : { required: [...required] }),
});
export const texts = (description: string): JsonObject => ({
  type: "array",
  items: { type: "string" },
  description,
});
export const count = (description: string, maximum: number, minimum = 1): JsonObject => ({
  ...{ type: "integer", minimum, maximum },
  description,
});
export const flag = (description: string): JsonObject => ({ type: "boolean", description });
