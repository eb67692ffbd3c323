// Names of assets, and conditions on them: `orders && (routes || depots)`. Nothing throws.
import { limits } from "../limits.ts";
import { quote } from "../text/suggest.ts";

export const ASSET = {
  pattern: /^[a-z][a-z0-9_.-]{0,62}$/,
  want: "an asset's name: lower-case letters, digits, -, _ or .",
};

const TOKEN = /(&&|\|\||[()]|[a-z][a-z0-9_.-]*)\s*/y;

export type AssetTree =
  | { readonly name: string }
  | { readonly op: "all" | "any"; readonly of: readonly AssetTree[] };

export type ParsedAssets =
  | { readonly ok: true; readonly tree: AssetTree }
  | { readonly ok: false; readonly message: string; readonly offset: number };

interface Token {
  readonly text: string;
  readonly offset: number;
}

interface Cursor {
  readonly tokens: readonly Token[];
  /** Characters of the whole. */
  readonly length: number;
  at: number;
  depth: number;
  /** The first thing that is wrong. */
  wrong: { message: string; offset: number } | undefined;
}

/** `&&` binds closer than `||`, as everywhere. */
export function parseAssets(text: string): ParsedAssets {
  const tokens = tokensOf(text);
  if (!Array.isArray(tokens)) return { ok: false, ...tokens };
  const cursor: Cursor = { tokens, length: text.length, at: 0, depth: 0, wrong: undefined };
  const tree = several(cursor, "||");
  const rest = tokens[cursor.at];
  if (rest !== undefined) fail(cursor, `${quote(rest.text)} after the end`);
  return cursor.wrong === undefined && tree !== undefined
    ? { ok: true, tree }
    : { ok: false, ...(cursor.wrong ?? { message: "it is empty", offset: 0 }) };
}

function tokensOf(text: string): Token[] | { message: string; offset: number } {
  const tokens: Token[] = [];
  TOKEN.lastIndex = /^\s*/.exec(text)?.[0].length ?? 0;
  while (TOKEN.lastIndex < text.length) {
    const offset = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined)
      return { message: `${quote(text.slice(offset))}: want ${ASSET.want}`, offset };
    tokens.push({ text: token, offset });
  }
  return tokens;
}

function fail(cursor: Cursor, message: string): undefined {
  cursor.wrong ??= { message, offset: cursor.tokens[cursor.at]?.offset ?? cursor.length };
  return undefined;
}

function several(cursor: Cursor, word: "&&" | "||"): AssetTree | undefined {
  const inner = (): AssetTree | undefined =>
    word === "||" ? several(cursor, "&&") : single(cursor);
  const first = inner();
  const of = [first];
  while (cursor.tokens[cursor.at]?.text === word) {
    cursor.at += 1;
    of.push(inner());
  }
  if (of.length === 1) return first;
  return { op: word === "&&" ? "all" : "any", of: of.filter((tree) => tree !== undefined) };
}

function single(cursor: Cursor): AssetTree | undefined {
  const token = cursor.tokens[cursor.at]?.text;
  if (token === undefined) return fail(cursor, "an asset's name is missing at the end");
  if (token !== "(") {
    if (!ASSET.pattern.test(token)) return fail(cursor, `${quote(token)}: want ${ASSET.want}`);
    cursor.at += 1;
    return { name: token };
  }
  if (cursor.depth >= limits.depthMax)
    return fail(cursor, `more than ${limits.depthMax} ( in each other`);
  cursor.at += 1;
  cursor.depth += 1;
  const inner = several(cursor, "||");
  cursor.depth -= 1;
  if (cursor.tokens[cursor.at]?.text !== ")") return fail(cursor, "a ( without its )");
  cursor.at += 1;
  return inner;
}
