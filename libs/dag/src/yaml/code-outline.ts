// Where the fields of a DAG stand in the TypeScript that makes it. The DAG itself is the value that the module gives; its
// text is only read for object and list literals, so a field that code makes has the place of the nearest one around it.
// Invariant O1: never throws, and never leaves the text, whatever it is.
import { limits } from "../limits.ts";
import type { Path } from "./source.ts";

interface Token {
  readonly text: string;
  readonly start: number;
}

interface Literal {
  readonly start: number;
  readonly fields: Map<string | number, Field>;
}

interface Field {
  readonly key: number;
  value: Value;
}

/** A bracket that is not closed yet. */
interface Open {
  readonly kind: string;
  readonly literal: Literal;
  /** Index of the next item of a list. */
  next: number;
  /** The field that was noted last. */
  last?: string | number;
}

interface Value {
  /** Where it begins. */
  readonly start: number;
  /** Text in plain quotes: its characters stand where the DAG's do. */
  readonly isText: boolean;
  readonly literal?: Literal | undefined;
}

/** Comments, texts, names and numbers, and every other character by itself. */
const TOKENS =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|[\p{L}_$][\p{L}\p{N}_$]*|\d[\w.]*|[^\s]/gu;

export type Find = (path: Path, at: "key" | "value", offset?: number) => number | undefined;

/** Finds a field by its path: in the literal that goes along with most of it, the first of several. */
export function outlineOf(code: string): Find {
  const maps = literalsIn(tokensOf(code));
  return (path, at, offset) => {
    let best: { length: number; start: number } | undefined;
    for (const map of maps) {
      const found = follow(map, path, at, offset);
      if (found.length > (best?.length ?? 0)) best = found;
    }
    return best?.start;
  };
}

function tokensOf(code: string): Token[] {
  if (code.length > limits.sourceCharsMax) return [];
  return [...code.matchAll(TOKENS)].flatMap(({ 0: text, index }) =>
    text.startsWith("//") || text.startsWith("/*") ? [] : [{ text, start: index }],
  );
}

const OPENING = new Set(["{", "[", "("]);
const CLOSING = new Set(["}", "]", ")"]);

/** Every `{ … }`, the outer ones first; blocks of code are taken for literals without fields. */
function literalsIn(tokens: readonly Token[]): Literal[] {
  const maps: Literal[] = [];
  const open: Open[] = [];
  for (const [at, { text, start }] of tokens.entries()) {
    const inside = open.at(-1);
    const isFirst =
      at > 0 && (tokens[at - 1]?.text === "," || OPENING.has(tokens[at - 1]?.text ?? ""));
    if (inside !== undefined && isFirst && !CLOSING.has(text)) noteField(inside, tokens, at);
    if (OPENING.has(text)) {
      const literal: Literal = { start, fields: new Map() };
      if (text === "{") maps.push(literal);
      if (text !== "(") hang(inside, literal);
      open.push({ kind: text, literal, next: 0 });
    } else if (CLOSING.has(text)) open.pop();
  }
  return maps;
}

function noteField(inside: Open, tokens: readonly Token[], at: number): void {
  const [token, colon, after] = [tokens[at], tokens[at + 1], tokens[at + 2]];
  if (token === undefined) return;
  if (inside.kind === "[") {
    inside.literal.fields.set(inside.next, { key: token.start, value: valueAt(token) });
    inside.last = inside.next;
    inside.next += 1;
  } else if (inside.kind === "{" && colon?.text === ":" && after !== undefined) {
    inside.last = unquoted(token.text);
    inside.literal.fields.set(inside.last, { key: token.start, value: valueAt(after) });
  }
}

const isQuoted = (text: string): boolean => /^["'`]/.test(text);
const unquoted = (text: string): string => (isQuoted(text) ? text.slice(1, -1) : text);
const valueAt = ({ text, start }: Token): Value => ({
  start,
  isText: isQuoted(text) && !text.includes("\\") && !(text.startsWith("`") && text.includes("${")),
});

/** The literal is the value of the field that was noted last, if it begins where that does. */
function hang(inside: Open | undefined, literal: Literal): void {
  const field = inside?.literal.fields.get(inside.last ?? -1);
  if (field?.value.start === literal.start) field.value = { ...field.value, literal };
}

function follow(
  map: Literal,
  path: Path,
  at: "key" | "value",
  offset: number | undefined,
): { length: number; start: number } {
  let here: Literal | undefined = map;
  let start = map.start;
  let length = 0;
  for (const step of path) {
    const field: Field | undefined = here?.fields.get(step);
    if (field === undefined) break;
    length += 1;
    const isLast = length === path.length;
    const into = isLast && field.value.isText && offset !== undefined ? 1 + offset : 0;
    start = isLast && at === "key" ? field.key : field.value.start + into;
    here = field.value.literal;
  }
  return { length, start };
}
