// What an expression gives, held against the schema of the field that it stands in, before anything runs.
import type { JsonSchema, JsonSchemaType } from "@chasqui/contracts";
import type { Type } from "../cel/types.ts";

/** The schema of what a map or a list of this schema holds at a step; undefined when it says nothing of it. */
export function schemaInside(
  schema: JsonSchema | undefined,
  step: string | number,
): JsonSchema | undefined {
  if (schema === undefined || typeof step === "number") return schema?.items;
  const { properties = {}, additionalProperties } = schema;
  if (Object.hasOwn(properties, step)) return properties[step];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

/** By the name of a scalar type. Runners write numbers and truths out where they want text. */
const jsonTypes: Readonly<Record<string, readonly JsonSchemaType[]>> = {
  string: ["string"],
  bool: ["boolean", "string"],
  int: ["integer", "number", "string"],
  uint: ["integer", "number", "string"],
  double: ["number", "integer", "string"],
  null_type: ["null"],
};

/** May a value of this type ever be good there? */
export function typeFits(schema: JsonSchema | undefined, type: Type): boolean {
  if (schema === undefined || type.kind === "any") return true;
  const union = schema.oneOf ?? schema.anyOf;
  if (union !== undefined && schema.properties === undefined)
    return union.some((branch) => typeFits(branch, type));
  if (schema.type === undefined) return true;
  const wanted = [schema.type].flat();
  if (type.kind === "list") return wanted.includes("array");
  if (type.kind === "map") return wanted.includes("object");
  const found = jsonTypes[type.name];
  return found === undefined || found.some((one) => wanted.includes(one));
}
