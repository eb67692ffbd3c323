// Named parameters of a query in SQL: `:day` becomes `$1`, as PostgreSQL wants it. For every kind that asks a database.
// Invariants (each has a test of the same name):
//   P1. A name inside a string, a quoted identifier, a dollar-quoted body or a comment is text, never a parameter.
//   P2. `::date` is a cast. The same name twice is the same parameter.
//   P3. Every name has a value and every value has a name; anything else is told with what there is.
//   P4. A query is one statement: what follows a semicolon is refused, so a read-only transaction stays one.

export type ParamValue = string | number | boolean | null;

export interface BoundQuery {
  /** What PostgreSQL gets. */
  readonly text: string;
  readonly values: readonly ParamValue[];
  /** Turns an offset of `text`, counted from 1 as PostgreSQL does, into line and column of the author's query. */
  readonly placeOf: (position: number) => Place;
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

export type Binding =
  | { readonly kind: "bound"; readonly query: BoundQuery }
  | { readonly kind: "problem"; readonly message: string; readonly place: Place };

type Token =
  | { readonly kind: "text" | "statement_end" }
  | { readonly kind: "name"; readonly name: string };

/** Binds the values of `params` to the names in `source`. */
export function bindParameters(
  source: string,
  params: Readonly<Record<string, ParamValue>>,
): Binding {
  const order = new Map<string, number>();
  const shifts: { at: number; by: number }[] = [];
  let text = "";
  let endedAt = -1;
  for (let at = 0; at < source.length;) {
    const end = tokenEnd(source, at);
    const token = tokenOf(source, at, end);
    if (endedAt >= 0 && !isBlank(source, at, end))
      return problem(source, at, "a query is one statement, and something follows its semicolon");
    if (token.kind === "statement_end") endedAt = at;
    if (token.kind === "name") {
      if (!Object.hasOwn(params, token.name))
        return problem(source, at, `parameter :${token.name} has no value${given(params)}`);
      const index = order.get(token.name) ?? order.size + 1;
      order.set(token.name, index);
      const placeholder = `$${index}`;
      text += placeholder;
      shifts.push({ at: text.length, by: end - at - placeholder.length });
    } else if (endedAt < 0) text += source.slice(at, end);
    at = end;
  }
  const unused = Object.keys(params).find((name) => !order.has(name));
  if (unused !== undefined)
    return problem(source, 0, `value ${unused} is not used: the query has no :${unused}`);
  if (text.trim() === "") return problem(source, 0, "the query is empty");
  const values = [...order.keys()].map((name) => params[name] ?? null);
  const placeOf = (position: number): Place =>
    placeAt(
      source,
      shifts.reduce(
        (offset, shift) => (shift.at < position ? offset + shift.by : offset),
        position - 1,
      ),
    );
  return { kind: "bound", query: { text, values, placeOf } };
}

/** Line and column, both from 1, of an offset from 0. */
export function placeAt(source: string, offset: number): Place {
  const before = source.slice(0, Math.max(0, offset));
  const lastBreak = before.lastIndexOf("\n");
  return { line: before.split("\n").length, column: before.length - lastBreak };
}

function problem(source: string, offset: number, message: string): Binding {
  return { kind: "problem", message, place: placeAt(source, offset) };
}

function given(params: Readonly<Record<string, ParamValue>>): string {
  const names = Object.keys(params);
  return names.length === 0 ? ": no params are given" : `: given are ${names.sort().join(", ")}`;
}

/** Where the token that begins at `at` ends: PostgreSQL's lexical rules, as far as they hide a colon or a semicolon. */
function tokenEnd(source: string, at: number): number {
  const rest = source.slice(at, at + 2);
  if (rest === "--") return indexAfter(source, "\n", at + 2);
  if (rest === "/*") return commentEnd(source, at);
  if (rest === "::" || rest === ":=") return at + 2;
  const first = source.charAt(at);
  if (first === "'") return quotedEnd(source, at + 1, "'", isEscapeString(source, at));
  if (first === '"') return quotedEnd(source, at + 1, '"', false);
  if (first === "$") return dollarEnd(source, at);
  if (first === ":") return at + 1 + wordLength(source, at + 1);
  return at + Math.max(1, wordLength(source, at));
}

function tokenOf(source: string, at: number, end: number): Token {
  const first = source.charAt(at);
  if (first === ";") return { kind: "statement_end" };
  if (first === ":" && end > at + 1 && /[A-Za-z_]/.test(source.charAt(at + 1)))
    return { kind: "name", name: source.slice(at + 1, end) };
  return { kind: "text" };
}

const isBlank = (source: string, at: number, end: number): boolean =>
  /^(\s*|--.*\n?|\/\*[^]*)$/.test(source.slice(at, end));

const wordLength = (source: string, at: number): number =>
  /^\w*/.exec(source.slice(at, at + 128))?.[0].length ?? 0;

/** E'…' knows backslashes; the E is a token of its own just before the quote. */
const isEscapeString = (source: string, at: number): boolean =>
  /(^|\W)[eE]$/.test(source.slice(Math.max(0, at - 2), at));

function quotedEnd(source: string, from: number, quote: string, backslashes: boolean): number {
  for (let i = from; i < source.length; i++) {
    if (backslashes && source.charAt(i) === "\\") i++;
    else if (source.charAt(i) === quote) {
      if (source.charAt(i + 1) !== quote) return i + 1;
      i++;
    }
  }
  return source.length;
}

function dollarEnd(source: string, at: number): number {
  const tag = /^\$([A-Za-z_]\w*)?\$/.exec(source.slice(at, at + 66))?.[0];
  return tag === undefined ? at + 1 : indexAfter(source, tag, at + tag.length);
}

/** PostgreSQL's block comments nest. */
function commentEnd(source: string, at: number): number {
  let depth = 0;
  for (let i = at; i < source.length; i++) {
    const pair = source.slice(i, i + 2);
    if (pair === "/*") depth++;
    else if (pair === "*/") depth--;
    else continue;
    i++;
    if (depth === 0) return i + 1;
  }
  return source.length;
}

function indexAfter(source: string, what: string, from: number): number {
  const found = source.indexOf(what, from);
  return found < 0 ? source.length : found + what.length;
}
