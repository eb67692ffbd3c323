// What `validate` found, as reports tell it: each file with its problems, and every policy that was asked.
import type { Policy, Problem } from "@chasqui/dag";

export interface FileVerdict {
  /** Relative to where the command ran, with / in it. */
  readonly file: string;
  /** For columns; empty when the file has none that count (TypeScript). */
  readonly text: string;
  /** False: no policy was asked about it. */
  readonly compiles: boolean;
  readonly problems: readonly Problem[];
}

export interface Verdict {
  readonly environment: string;
  readonly files: readonly FileVerdict[];
  /** Those that hold in the environment. */
  readonly policies: readonly { readonly policy: Policy; readonly severity: "warn" | "deny" }[];
}

/** The message with the suggestion and the rule, for tools that show one text. */
export function wordsOf({ message, suggestion, policy }: Problem): string {
  const more = suggestion === undefined ? "" : `; ${suggestion}`;
  if (policy === undefined) return `${message}${more}`;
  return `${message}${more}; the rule, at ${policy.place}: ${policy.rule.replace(/\s+/g, " ")}`;
}
