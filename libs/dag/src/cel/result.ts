// Results of the expression language. Nothing in it throws: what went wrong is a sentence for people.

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

/** A result of parsing: the offset says where in the text, counted from 0 in UTF-16 units. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly message: string;
      readonly offset: number;
      readonly suggestion?: string;
    };

export const good = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });
export const bad = (message: string): { ok: false; message: string } => ({ ok: false, message });
