// How a pod's work ended, before evidence is added; and its output, which it left as its termination message.

import type { Json } from "./json.ts";

/** A failure without its evidence. */
export interface Failing {
  readonly class:
    | "code"
    | "out_of_memory"
    | "image"
    | "config"
    | "evicted"
    | "quota"
    | "timeout"
    | "lost"
    | "infra"
    | "unknown";
  readonly message: string;
  readonly neverStarted?: boolean;
  readonly permanent?: boolean;
  readonly evidence?: Readonly<Record<string, string>>;
}

export type End =
  | { readonly output: Json }
  | { readonly nothing: true }
  | { readonly skipped: string }
  | { readonly failing: Failing };

export interface Ended {
  readonly is: "ended";
  readonly startedMs: number | undefined;
  readonly endedMs: number | undefined;
  readonly end: End;
}

/** What Kubernetes keeps of a termination message. */
export const OUTPUT_BYTES_MAX = 4_096;

/** A program that did well says its output as JSON in CHASQUI_OUTPUT, or nothing. */
export function succeededOrMisfit(message: string): { readonly end: End } {
  const text = message.trim();
  if (text === "") return { end: { nothing: true } };
  try {
    return { end: { output: JSON.parse(text) as Json } };
  } catch {
    const cut = Buffer.byteLength(message) >= OUTPUT_BYTES_MAX;
    const why = cut
      ? `it is cut at ${OUTPUT_BYTES_MAX} bytes, the most that Kubernetes keeps`
      : `it begins with ${JSON.stringify(text.slice(0, 40))}`;
    return {
      end: {
        failing: {
          class: "config",
          message: `the command ended well, but its output in CHASQUI_OUTPUT is not JSON: ${why}; want JSON of at most ${OUTPUT_BYTES_MAX} bytes`,
        },
      },
    };
  }
}

export const skipped = (exitCode: number): { readonly end: End } => ({
  end: { skipped: `the command ended with exit code ${exitCode}, which skip_on_exit_code names` },
});
