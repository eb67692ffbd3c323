// Vars without an environment: each one stands for itself, as `vars.<name>`.
import type { JsonObject } from "@bufbuild/protobuf";
import type { DagSpec } from "@chasqui/contracts";
import { varsNamedIn } from "../cel/referenced-tasks.ts";

export function placeholdersOf(spec: DagSpec): {
  readonly vars: JsonObject;
  /** What a rendered text holds that nobody can judge. */
  readonly placeholders: readonly string[];
} {
  const names = varsNamedIn(spec);
  return {
    vars: Object.fromEntries(names.map((name) => [name, `vars.${name}`])),
    placeholders: names.map((name) => `vars.${name}`),
  };
}
