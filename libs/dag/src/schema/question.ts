// The question of an approval: from its rendered configuration, and the answer's form checked against it.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { JsonSchema } from "@chasqui/contracts";
import { builtInKindSchemas } from "@chasqui/contracts";
import type { Json, Question } from "@chasqui/machine";
import { bad, good } from "../cel/result.ts";
import type { Result } from "../cel/result.ts";
import { asSchema, checkSchema } from "./check-schema.ts";
import { checkValue } from "./check-value.ts";
import type { Finding } from "./check-value.ts";
import { withDefaults } from "./params.ts";
import { sentenceOf } from "./sentence.ts";

const MESSAGE_CHARS_MAX = 4_000;
const FORM_CHARS_MAX = 32_000;
const VALUES_CHARS_MAX = 32_000;

export function questionOf(config: JsonValue): Result<Question> {
  const schema = builtInKindSchemas["approval"] ?? {};
  const findings = checkValue(schema, config, { templates: false });
  if (findings.length > 0) return bad(sentences(findings));
  const {
    message,
    form,
    approvers = [],
    on_reject,
    default: fallback,
  } = config as unknown as Config;
  if (message.length > MESSAGE_CHARS_MAX)
    return bad(`message: ${message.length} characters: want at most ${MESSAGE_CHARS_MAX}`);
  const chars = form === undefined ? 0 : JSON.stringify(form).length;
  if (chars > FORM_CHARS_MAX)
    return bad(`form: ${chars} characters: want at most ${FORM_CHARS_MAX}`);
  const wrong = form === undefined ? [] : checkSchema(form, ["form"]);
  if (wrong.length > 0) return bad(sentences(wrong));
  const values = resolveForm(form, {});
  if (fallback === "approve" && !values.ok) return bad(`default: approve: ${values.message}`);
  return good({
    message,
    ...(form === undefined ? {} : { form: form as Json }),
    approvers,
    onReject: on_reject ?? "fail",
    ...(fallback === undefined ? {} : { fallback }),
    values: values.ok ? (values.value as Json) : {},
  });
}

/** What the kind's schema has approved. */
interface Config {
  readonly message: string;
  readonly form?: JsonObject;
  readonly approvers?: readonly string[];
  readonly on_reject?: "fail" | "skip";
  readonly default?: "approve" | "reject";
}

/** What a person filled in, with the form's defaults; only fields that it declares, unless it says otherwise. */
export function resolveForm(form: JsonValue | undefined, given: JsonObject): Result<JsonObject> {
  const names = Object.keys(given);
  if (form === undefined)
    return names.length === 0
      ? good({})
      : bad(`values ${names.map((name) => `\`${name}\``).join(", ")}: want none, it has no form`);
  const schema = asSchema(form);
  if (schema === undefined) return bad("the form is not a JSON Schema");
  const filled = withDefaults(schema, given);
  const chars = JSON.stringify(filled).length;
  if (chars > VALUES_CHARS_MAX)
    return bad(`values: ${chars} characters: want at most ${VALUES_CHARS_MAX}`);
  const closed: JsonSchema = {
    ...schema,
    type: "object",
    additionalProperties: schema.additionalProperties ?? false,
  };
  const findings = checkValue(closed, filled, { templates: false });
  return findings.length === 0 ? good(filled) : bad(sentences(findings));
}

const sentences = (findings: readonly Finding[]): string => findings.map(sentenceOf).join("; ");
