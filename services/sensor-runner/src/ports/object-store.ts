// What a bucket looks like from here, whoever keeps it.
import type { FoundObject } from "../core/kinds/object.ts";

export interface ObjectPage {
  readonly objects: readonly FoundObject[];
  /** To be given back for the page after it; undefined on the last. */
  readonly next: string | undefined;
}

/** An object, or why there is none, as it stands after its address. */
export type Looked = { readonly found: FoundObject } | { readonly absent: string };

/** Rejects with CannotAsk where asking again cannot help. */
export interface ObjectStore {
  readonly scheme: "s3" | "gs";
  head(key: string, signal: AbortSignal): Promise<Looked>;
  list(prefix: string, after: string | undefined, signal: AbortSignal): Promise<ObjectPage>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** One request, its whole body read; an address that is refused is a CannotAsk. */
export type Send = (
  request: {
    readonly method: "GET" | "HEAD";
    readonly url: URL;
    readonly headers: Record<string, string>;
  },
  signal: AbortSignal,
) => Promise<Answer>;
