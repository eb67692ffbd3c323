// A wait for the outside, as its row has it.

export interface SensorConfig {
  readonly url: string;
  readonly method: "GET" | "HEAD" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  /** Any of these; empty means any 2xx. */
  readonly expectStatus: readonly number[];
  /** CEL over `response`; absent means that the status is enough. */
  readonly expectBody: string | undefined;
  readonly intervalMs: number;
  readonly timeoutMs: number | undefined;
  readonly softFail: boolean;
  readonly connection: string | undefined;
}

/** What one look at the outside gave. */
export type Answer =
  | {
      readonly kind: "response";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      /** Parsed when it is JSON and whole, else text. */
      readonly body: Json;
      /** It was longer than what is kept. */
      readonly cut: boolean;
    }
  /** Nobody answered: asked again later. */
  | { readonly kind: "silence"; readonly message: string }
  /** It cannot be asked, however often. */
  | { readonly kind: "refused"; readonly message: string };

export type Json = number | string | boolean | null | Json[] | JsonMap;
export interface JsonMap {
  [key: string]: Json;
}

/** What a wait has come to know, between looks. */
export interface Progress {
  readonly polls: number;
  /** Looks in a row that nobody answered. */
  readonly silences: number;
  /** The last look, in words; empty before the first. */
  readonly note: string;
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
