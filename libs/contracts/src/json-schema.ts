// The JSON Schemas of task kinds, and the words that kinds have in common.
// Beyond plain JSON Schema: `format: "duration"` (30s, 1h30m), `format: "cel"` with the names that the
// expression may use in `x-variables`, `format: "http-url"` and `"http-url-or-path"`, `x-scalar` for texts that an
// expression may give as a number or a boolean, and `x-connection` with the types of connections that fit.
import type { ConnectionTypeName } from "./connection-types.ts";

/** The part of JSON Schema that Chasqui understands. */
export interface JsonSchema {
  readonly type?: JsonSchemaType | readonly JsonSchemaType[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  /** What keys of a map look like. */
  readonly propertyNames?: JsonSchema;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  /** A text, for which a number or a boolean that an expression gave is taken as it is written. */
  readonly "x-scalar"?: boolean;
  /** With `format: "cel"`: the names that the expression may use. */
  readonly "x-variables"?: readonly string[];
  /** The name of a connection, of one of these types; its `default` is used when nothing is named. */
  readonly "x-connection"?: readonly string[];
}

export type JsonSchemaType =
  | "object"
  | "array"
  | "string"
  | "integer"
  | "number"
  | "boolean"
  | "null";

export const text = (description: string): JsonSchema => ({
  type: "string",
  minLength: 1,
  description,
});
export const duration = (description: string): JsonSchema => ({
  type: "string",
  format: "duration",
  description: `${description}; for example 30s, 5m, 1h30m`,
});
export const textMap = (description: string): JsonSchema => ({
  type: "object",
  additionalProperties: { type: "string", "x-scalar": true },
  description,
});
export const queryParams: JsonSchema = {
  type: "object",
  additionalProperties: { type: ["string", "number", "boolean"] },
  description: "Values of :name in the query",
};
export const connection = (
  description: string,
  types: readonly ConnectionTypeName[],
  otherwise?: string,
): JsonSchema => ({
  type: "string",
  minLength: 1,
  maxLength: 63,
  description: `${description}; the name of a connection in environments/<env>.yaml`,
  "x-connection": types,
  ...(otherwise === undefined ? {} : { default: otherwise }),
});
