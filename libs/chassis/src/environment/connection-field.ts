// One value of a connection, as the file has it or as its reference resolved to: is it what its field wants?
import type { ConnectionField } from "@chasqui/contracts";

export type Scalar = string | number | boolean;

const REFERENCE = /^(env:[A-Za-z_][A-Za-z0-9_]*|file:\S.*)$/;
export const REFERENCE_WANT = "want env:NAME or file:path";

/** Means to be a reference, well written or not. */
export const looksLikeReference = (value: Scalar): value is string =>
  typeof value === "string" && /^(env|file):/.test(value);

export const isReference = (value: Scalar): boolean =>
  typeof value === "string" && REFERENCE.test(value);

/** `http://user:password@host`. */
export const holdsPassword = (value: Scalar): boolean =>
  typeof value === "string" && /:\/\/[^/@]*:[^/@]+@/.test(value);

/** What the field wants, in words. */
export function wantOf(field: ConnectionField): string {
  switch (field.is) {
    case "text":
      return "want a text";
    case "address":
      return `want an address that begins with ${schemesOf(field).join(":// or ")}://`;
    case "port":
      return "want a port, 1 to 65535";
    case "integer":
      return "want an integer";
    case "flag":
      return "want true or false";
    case "choice":
      return `want one of ${(field.choices ?? []).join(", ")}`;
  }
}

const schemesOf = ({ schemes = ["http", "https"] }: ConnectionField): readonly string[] => schemes;

/** The value as the field's type has it (a port behind a reference is text at first); undefined when it is none. */
export function readField(field: ConnectionField, value: Scalar): Scalar | undefined {
  const written = String(value);
  switch (field.is) {
    case "text":
      return written === "" || typeof value === "boolean" ? undefined : written;
    case "address":
      return isAddress(written, schemesOf(field)) ? written : undefined;
    case "port":
      return integerIn(written, 1, 65_535);
    case "integer":
      return integerIn(written, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    case "flag":
      return written === "true" ? true : written === "false" ? false : undefined;
    case "choice":
      return field.choices?.includes(written) === true ? written : undefined;
  }
}

function isAddress(text: string, schemes: readonly string[]): boolean {
  return URL.canParse(text) && schemes.includes(new URL(text).protocol.replace(/:$/, ""));
}

function integerIn(text: string, min: number, max: number): number | undefined {
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
