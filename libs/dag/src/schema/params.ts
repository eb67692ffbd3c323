// Parameters of a run: checked against the DAG's schema, with defaults filled in.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { bad, good } from "../cel/result.ts";
import type { Result } from "../cel/result.ts";
import { listNames } from "../text/suggest.ts";
import { asSchema } from "./check-schema.ts";
import { checkValue } from "./check-value.ts";
import type { Finding } from "./check-value.ts";
import type { JsonSchema } from "@chasqui/contracts";

/** The parameters that a run gets. Only declared ones, unless the schema says `additionalProperties: true`. */
export function resolveParams(
  schema: JsonObject | undefined,
  given: JsonObject,
): Result<JsonObject> {
  if (schema === undefined) {
    const names = Object.keys(given);
    return names.length === 0
      ? good({})
      : bad(`parameters ${listNames(names)}: want none, the DAG declares no params`);
  }
  const params = asSchema(schema);
  if (params === undefined) return bad("the DAG's params are not a JSON Schema");
  const filled = withDefaults(params, given);
  const closed = { ...params, additionalProperties: params.additionalProperties ?? false };
  const findings = checkValue(closed, filled, { templates: false });
  return findings.length === 0 ? good(filled) : bad(findings.map(sentence).join("; "));
}

export function withDefaults(schema: JsonSchema, given: JsonObject): JsonObject {
  const filled: Record<string, JsonValue> = { ...given };
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    if (!Object.hasOwn(filled, name) && property.default !== undefined)
      filled[name] = JSON.parse(JSON.stringify(property.default));
  return filled;
}

function sentence({ path, message, suggestion }: Finding): string {
  const where = path.length === 0 ? "parameters" : `parameter \`${path.join(".")}\``;
  return `${where}: ${message}${suggestion === undefined ? "" : `; ${suggestion}`}`;
}
