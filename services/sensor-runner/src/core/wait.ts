// A wait for the outside, as its row has it, and what one look at the outside can give. The same for every kind.

export type Json = number | string | boolean | null | Json[] | JsonMap;
export interface JsonMap {
  [key: string]: Json;
}

/** How often it is looked. */
export interface Pace {
  readonly intervalMs: number;
  /** What the interval is multiplied with after each look; 1 for a steady pace. */
  readonly factor: number;
  readonly intervalMsMax: number;
}

/** What a task asked for. `of` belongs to its kind alone. */
export interface WaitSpec {
  readonly pace: Pace;
  readonly timeoutMs: number | undefined;
  readonly softFail: boolean;
  readonly of: unknown;
}

/** What one look gave, judged by its kind. `note` says it to people, in one line. */
export type Seen =
  /** What is waited for is there. */
  | { readonly is: "there"; readonly note: string; readonly output: Json }
  | {
      readonly is: "not_yet";
      readonly note: string;
      readonly evidence?: JsonMap | undefined;
      /** When to look next, whatever the pace says. */
      readonly nextMs?: number | undefined;
      /** Up to where the outside was read; given back to the next look. */
      readonly cursor?: Json | undefined;
    }
  /** Nobody answered: asked again, ever more rarely. */
  | { readonly is: "silent"; readonly note: string }
  /** What is waited for cannot come any more: its end is bad, or it cannot be asked for. */
  | {
      readonly is: "over";
      readonly note: string;
      readonly class: "config" | "upstream";
      readonly permanent: boolean;
      readonly evidence?: JsonMap | undefined;
    }
  /** It will not come, and that is as well. */
  | { readonly is: "skip"; readonly note: string };

/** What a wait has come to know, between looks. */
export interface Progress {
  readonly polls: number;
  /** Looks in a row that nobody answered. */
  readonly silences: number;
  /** The last look, in words; empty before the first. */
  readonly note: string;
  /** As the last look left it; null before. */
  readonly cursor: Json;
}

export type Outcome =
  | { readonly state: "succeeded"; readonly output: Json }
  | { readonly state: "skipped"; readonly reason: string }
  | { readonly state: "cancelled" }
  | {
      readonly state: "failed";
      readonly failure: {
        readonly class: "config" | "timeout" | "upstream";
        readonly message: string;
        readonly evidence: JsonMap;
        readonly permanent?: boolean;
      };
    };
