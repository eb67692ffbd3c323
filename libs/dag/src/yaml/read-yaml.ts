// YAML text as a JSON value with positions.
// Invariants:
//   Y1. Never throws; what is not JSON (dates of YAML 1.1, custom tags, NaN, keys that are maps) is a problem.
//   Y2. Aliases are followed, within a bound on depth and number of values, so that no small text grows without end.
import { isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { Document, Node, ParsedNode, Scalar, YAMLMap } from "yaml";
import type { JsonValue } from "@bufbuild/protobuf";
import { limits } from "../limits.ts";
import type { Problem } from "../problem.ts";
import { positionsIn } from "../text/positions.ts";
import { quote } from "../text/suggest.ts";
import { offsetInScalar } from "./scalar-offset.ts";
import type { Path, Source } from "./source.ts";

/** A JSON value and the ranges of its parts. */
interface Located {
  readonly value: JsonValue;
  readonly node: Node | undefined;
  readonly start: number;
  readonly children?: Children;
}
type Children = ReadonlyMap<string | number, { key: number; at: Located }>;

export function readYaml(text: string, file: string): Source {
  const positionOf = positionsIn(text);
  const problems: Problem[] = [];
  const report = (offset: number, message: string): void => {
    if (problems.length < limits.problemsMax)
      problems.push({ file, ...positionOf(offset), message, severity: "error" });
  };
  const tree = readTree(text, report);
  return {
    file,
    value: tree?.value,
    problems,
    locate(path, at = "value", offset) {
      const found = tree === undefined ? undefined : find(tree, path, at);
      if (found === undefined) return { line: 1, column: 1 };
      if (offset !== undefined && at === "value" && isScalar(found.node))
        return positionOf(offsetInScalar(text, found.node, offset));
      return positionOf(found.start);
    },
  };
}

type Report = (offset: number, message: string) => void;

function readTree(text: string, report: Report): Located | undefined {
  if (text.length > limits.sourceCharsMax) {
    report(0, `the file has ${text.length} characters: want at most ${limits.sourceCharsMax}`);
    return undefined;
  }
  let document: Document.Parsed<ParsedNode>;
  try {
    document = parseDocument<ParsedNode>(text, {
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: "error",
    });
  } catch (thrown) {
    const deep = thrown instanceof RangeError;
    report(0, deep ? "the file is nested too deeply" : `the file is not YAML: ${String(thrown)}`);
    return undefined;
  }
  for (const { pos, code, message } of [...document.errors, ...document.warnings])
    report(pos[0], syntaxMessage(code, message));
  if (document.errors.length > 0) return undefined;
  if (document.contents === null) {
    report(0, "the file is empty: want a DAG, which begins with `id:`");
    return undefined;
  }
  return convert(document, report);
}

function syntaxMessage(code: string, message: string): string {
  switch (code) {
    case "TAB_AS_INDENT":
      return "a tab in the indentation: want spaces";
    case "MULTIPLE_DOCS":
      return "a second YAML document: want one DAG per file";
    case "TAG_RESOLVE_FAILED":
      return `${message.replace(/\.$/, "")}: want plain YAML without tags`;
    default:
      return /call stack/.test(message)
        ? "the file is nested too deeply"
        : `not valid YAML: ${lowerFirst(message)}`;
  }
}

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);

function convert(document: Document.Parsed<ParsedNode>, report: Report): Located | undefined {
  let nodes = 0;
  let stopped = false;
  const stop = (start: number, message: string): undefined => {
    if (!stopped) report(start, message);
    stopped = true;
    return undefined;
  };

  function walk(node: Node | null, near: number, depth: number): Located | undefined {
    if (stopped) return undefined;
    const start = node?.range?.[0] ?? near;
    nodes += 1;
    if (nodes > limits.nodesMax)
      return stop(start, `more than ${limits.nodesMax} values in the file`);
    if (depth > limits.depthMax)
      return stop(start, `nested more than ${limits.depthMax} levels deep`);
    if (node === null) return { value: null, node: undefined, start };
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target === undefined)
        return stop(start, `no anchor \`&${node.source}\` before this alias`);
      return walk(target, start, depth + 1);
    }
    if (isMap(node)) return walkMap(node, start, depth);
    if (isSeq(node)) {
      const children = new Map<number, { key: number; at: Located }>();
      const items: JsonValue[] = [];
      for (const item of node.items) {
        const at = walk(item as Node | null, start, depth + 1);
        if (at === undefined) return undefined;
        children.set(items.length, { key: at.start, at });
        items.push(at.value);
      }
      return { value: items, node, start, children };
    }
    if (isScalar(node)) return { value: scalarValue(node, start, report), node, start };
    return { value: null, node: undefined, start };
  }

  function walkMap(map: YAMLMap, start: number, depth: number): Located | undefined {
    const children = new Map<string, { key: number; at: Located }>();
    const entries: [string, JsonValue][] = [];
    const merged: Children[] = [];
    let split = false;
    for (const pair of map.items) {
      const keyNode = isScalar(pair.key) ? pair.key : undefined;
      const keyStart = keyNode?.range?.[0] ?? start;
      const key = keyNode === undefined ? undefined : keyText(keyNode);
      if (key === undefined) {
        report(keyStart, "a key that is not a plain text");
        continue;
      }
      if (key === "<<" && keyNode?.type === "PLAIN") {
        const at = walk(pair.value as Node | null, keyStart, depth + 1);
        if (at === undefined) return undefined;
        if (!mergeable(at, merged))
          report(keyStart, "`<<` takes in the fields of maps: want an alias of one");
        continue;
      }
      if (map.flow === true && pair.value === null) {
        if (!split) report(keyStart, commaMessage(key));
        split = true;
        continue;
      }
      const at = walk(pair.value as Node | null, keyStart, depth + 1);
      if (at === undefined) return undefined;
      if (children.has(key)) report(keyStart, `key ${quote(key)} is there twice in the same map`);
      else entries.push([key, at.value]);
      if (!children.has(key)) children.set(key, { key: keyStart, at });
    }
    for (const [key, child] of merged.flatMap((one) => [...one])) {
      if (typeof key === "number" || children.has(key)) continue; // a field of its own wins, then the first map that has it
      entries.push([key, child.at.value]);
      children.set(key, child);
    }
    return { value: Object.fromEntries(entries), node: map, start, children };
  }

  return walk(document.contents, 0, 0);
}

/** Notes whose fields `<<` takes in: a map's, or those of a list of maps. */
function mergeable({ value, children }: Located, merged: Children[]): boolean {
  if (typeof value !== "object" || value === null || children === undefined) return false;
  if (!Array.isArray(value)) return merged.push(children) > 0;
  return [...children.values()].every(
    ({ at }) => !Array.isArray(at.value) && mergeable(at, merged),
  );
}

/** `{ query: select a, b from c }` is three fields to YAML, and no other message would say why. */
const commaMessage = (key: string): string =>
  `${quote(key)} is a field without a value: inside { } a text with commas needs quotes around it`;

function keyText(node: Scalar): string | undefined {
  if (typeof node.value === "string") return node.value;
  return node.source === undefined || node.source === "" ? undefined : node.source;
}

function scalarValue(node: Scalar, start: number, report: Report): JsonValue {
  const { value } = node;
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") {
    const written = quote(node.source ?? String(value));
    if (!Number.isFinite(value)) report(start, `${written} is not a number that JSON has`);
    else if (Number.isInteger(value) && !Number.isSafeInteger(value))
      report(start, `the number ${written} is too long to be exact: want quotes around it`);
    return Number.isFinite(value) ? value : null;
  }
  report(start, `${quote(node.source ?? String(value))}: want text, a number, true, false or null`);
  return null;
}

function find(
  tree: Located,
  path: Path,
  at: "key" | "value",
): Located | { start: number; node?: Node } {
  let found = tree;
  let key = tree.start;
  for (const step of path) {
    const child = found.children?.get(step);
    if (child === undefined) break;
    found = child.at;
    key = child.key;
  }
  return at === "key" ? { start: key } : found;
}
