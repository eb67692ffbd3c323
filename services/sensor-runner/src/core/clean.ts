// Text from outside as PostgreSQL and protobuf can keep it: no NUL, no half characters. Pure.
import type { Json } from "./wait.ts";

export const cleanText = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD");

export function cleanJson(value: Json): Json {
  if (typeof value === "string") return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [cleanText(key), cleanJson(inner)]),
  );
}
