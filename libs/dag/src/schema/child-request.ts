// The run of another DAG that a `dag.run` asks for: from its rendered configuration.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { builtInKindSchemas } from "@chasqui/contracts";
import type { JsonSchema } from "@chasqui/contracts";
import { CHILD_KIND } from "@chasqui/machine";
import { bad, good } from "../cel/result.ts";
import type { Result } from "../cel/result.ts";
import { checkValue } from "./check-value.ts";

const KEY_CHARS_MAX = 512;
const PARAMS_BYTES_MAX = 64 * 1024;
const schema: JsonSchema = builtInKindSchemas[CHILD_KIND] ?? {};

/** `with` of a `dag.run`, as its schema says. */
export interface ChildRequest {
  readonly dag: string;
  readonly params?: JsonObject;
  readonly key?: string;
  readonly wait?: boolean;
  readonly allowed?: readonly string[];
}

/** `placeholders`: texts that stand for what is not known here; what holds one is not judged. */
export function childRequestOf(
  config: JsonValue,
  placeholders: readonly string[] = [],
): Result<ChildRequest> {
  const [finding] = checkValue(schema, config, { templates: false, rendered: { placeholders } });
  if (finding !== undefined) return bad(`with.${finding.path.join(".")}: ${finding.message}`);
  const fields = Object.entries(config as JsonObject).filter(([, value]) => value !== null);
  const given: ChildRequest = Object.fromEntries(fields) as unknown as ChildRequest; // as the schema says, which was checked
  const { params = {}, key } = given;
  const bytes = Buffer.byteLength(JSON.stringify(params));
  if (bytes > PARAMS_BYTES_MAX)
    return bad(`with.params: ${bytes} bytes: want at most ${PARAMS_BYTES_MAX}`);
  if (key !== undefined && (key === "" || key.length > KEY_CHARS_MAX))
    return bad(`with.key: ${key.length} characters: want 1 to ${KEY_CHARS_MAX}`);
  return good(given);
}
