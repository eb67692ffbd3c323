// Errors of evaluation as sentences: which name is missing, and what exists there.
import type { JsonValue } from "@bufbuild/protobuf";
import { limits } from "../limits.ts";
import { listNames, nearest, quote } from "../text/suggest.ts";
import { typeNames } from "./environment.ts";
import type { Names, Reference } from "./references.ts";
import type { Scope } from "./scope.ts";

/** A sentence that names the expression and, when a name is missing, the name and its siblings. */
export function explainError(text: string, names: Names, scope: Scope, message: string): string {
  const subject = `expression ${quote(text)}`;
  if (/field not found|unresolved attribute|out of bounds/.test(message)) {
    for (const reference of names.references) {
      const missing = missingIn(reference, scope);
      if (missing !== undefined) return `${subject}: ${missing}`;
    }
  }
  return `${subject}: ${plain(message)}`;
}

/** A name at the root that the scope does not have: an error even where CEL would not look at it. */
export function unknownName(names: Names, scope: Scope): string | undefined {
  const reference = names.references.find(
    ({ root }) => !scope.roots.includes(root) && !typeNames.includes(root),
  );
  return reference && unknown("name", reference.root, "", scope.roots);
}

function missingIn(reference: Reference, scope: Scope): string | undefined {
  const { root, path, tested } = reference;
  let value = scope.json(root);
  let walked = root;
  const last = tested ? path.length - 1 : path.length;
  for (const [index, step] of path.entries()) {
    if (index >= last) return undefined;
    if (value === null || value === undefined)
      return `\`${walked}\` is null, so it has no field \`${step}\``;
    if (typeof value !== "object" || Array.isArray(value))
      return `\`${walked}\` is ${kindOf(value)}, so it has no field \`${step}\``;
    if (!Object.hasOwn(value, step)) return unknown("field", step, walked, Object.keys(value));
    value = value[step];
    walked += /^[A-Za-z_]\w*$/.test(step) ? `.${step}` : `['${step}']`;
  }
  return undefined;
}

function unknown(what: string, name: string, where: string, known: readonly string[]): string {
  const place = where === "" ? "" : ` in \`${where}\``;
  const near = nearest(name, known);
  const meant = near === undefined ? "" : `; did you mean \`${near}\`?`;
  const there =
    known.length === 0 ? "there is nothing" : `there is ${listNames([...known].sort())}`;
  return `no ${what} ${quote(name)}${place}: ${there}${meant}`;
}

/** "a list", "text", …: JSON's types as people say them. */
export function kindOf(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "object":
      return "a map";
    case "string":
      return "text";
    case "number":
      return Number.isInteger(value) ? "an integer" : "a number";
    default:
      return "true or false";
  }
}

/** The library's sentences without its internal names of operators. */
function plain(message: string): string {
  const overload = /^found no matching overload for '(.+?)' applied to '(.*)'$/.exec(message);
  if (overload !== null) {
    const operator = (overload[1] ?? "").replace(/^_|_$/g, "").replaceAll("_", "…");
    return `\`${operator}\` cannot be applied to ${overload[2]}`;
  }
  if (/call stack/i.test(message)) return "it is nested too deeply";
  if (/Invalid string length|Array buffer allocation/i.test(message))
    return "its result is too large";
  return message.slice(0, limits.labelCharsMax);
}
