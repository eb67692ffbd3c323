// A task's rendered configuration against the schema of its kind. The state machine and `simulate` both ask here, so that
// a simulated task fails as a real one does, in the same words. A constant one was judged when its DAG was applied.
// Invariant: what the kind's runner reads is not refused here. A field that is null is absent, as runners read it; where
// a schema says `x-scalar`, a number or a boolean that an expression gave is taken for its text.
import { builtInKindSchemas } from "@chasqui/contracts";
import type { JsonSchema } from "@chasqui/contracts";
import type { JsonValue } from "@bufbuild/protobuf";
import { checkValue } from "./check-value.ts";
import { sentenceOf } from "./sentence.ts";

/** Their patterns need no care: a pod's environment takes 3 µs, where the safe matching takes 300. */
const OURS: ReadonlySet<JsonSchema> = new Set(Object.values(builtInKindSchemas));
const patterns = new Map<string, RegExp>();

function matches(pattern: string, text: string): boolean {
  const known = patterns.get(pattern) ?? new RegExp(pattern, "u");
  patterns.set(pattern, known);
  return known.test(text);
}

/**
 * Why an attempt fails for its configuration before anybody works on it; undefined when it fits. `placeholders`: texts
 * that stand for what is not known here; what holds one is not judged.
 */
export function misfitOf(
  schema: JsonSchema,
  config: JsonValue,
  placeholders: readonly string[] = [],
): string | undefined {
  const findings = checkValue(schema, config, {
    templates: false,
    rendered: { placeholders },
    ...(OURS.has(schema) ? { matches } : {}),
  });
  return findings.length === 0 ? undefined : `with: ${findings.map(sentenceOf).join("; ")}`;
}
