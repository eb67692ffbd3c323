// What comes from outside, as PostgreSQL and protobuf can keep it: no NUL, no half characters. Pure.
import type { Json, Seen } from "./wait.ts";

export const cleanText = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD");

export function cleanJson(value: Json): Json {
  if (typeof value === "string") return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanJson);
  if (typeof value !== "object" || value === null) return value;
  return cleanMap(value);
}

const cleanMap = (map: { readonly [key: string]: Json }): { [key: string]: Json } =>
  Object.fromEntries(Object.entries(map).map(([key, inner]) => [cleanText(key), cleanJson(inner)]));

const NOTE_LENGTH_MAX = 1_000;

export function cleanSeen(seen: Seen): Seen {
  const note = cleanText(seen.note.slice(0, NOTE_LENGTH_MAX));
  switch (seen.is) {
    case "there":
      return { ...seen, note, output: cleanJson(seen.output) };
    case "not_yet": {
      const { evidence, cursor } = seen;
      return {
        ...seen,
        note,
        evidence: evidence === undefined ? undefined : cleanMap(evidence),
        cursor: cursor === undefined ? undefined : cleanJson(cursor),
      };
    }
    case "over": {
      const { evidence } = seen;
      return { ...seen, note, evidence: evidence === undefined ? undefined : cleanMap(evidence) };
    }
    case "silent":
    case "skip":
      return { ...seen, note };
  }
}
