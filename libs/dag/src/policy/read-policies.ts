// policies/*.yaml: the rules of an installation, checked like DAG files: everything that is wrong, at its place, with
// what was probably meant. A rule that cannot be read is an error, never a rule that is not asked.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { checkNames } from "../cel/check-names.ts";
import type { KnownNames } from "../cel/check-names.ts";
import { compileCondition } from "../cel/condition.ts";
import { parseExpression } from "../cel/expression.ts";
import { noteCondition, noteTemplates } from "../compile/check-expressions.ts";
import { createReader, readList, readMap, readText, readWord } from "../compile/reader.ts";
import type { Reader } from "../compile/reader.ts";
import { limits } from "../limits.ts";
import { sortProblems } from "../problem.ts";
import type { Problem } from "../problem.ts";
import { quote, suggest } from "../text/suggest.ts";
import { readYaml } from "../yaml/read-yaml.ts";
import type { Path } from "../yaml/source.ts";
import type { Policy, Severity, Subject } from "./policy.ts";
import { fieldOfView, viewFields } from "./view.ts";

export interface PolicyText {
  readonly file: string;
  readonly text: string;
}

export interface ReadPolicies {
  readonly policies: readonly Policy[];
  readonly problems: readonly Problem[];
}

export interface PolicyOptions {
  /** The environments that there are: a severity for one that does not exist would never hold. */
  readonly environments: readonly string[];
}

const FIELDS = ["id", "about", "severity", "each", "when", "rule", "message", "at"] as const;
const SEVERITIES = { warn: "warn", deny: "deny", off: "off" } as const;
const SUBJECTS = { dag: "dag", task: "task" } as const;
const NAME = /^[a-z][a-z0-9-]{0,62}$/;
const NAME_WANT = "a lower-case letter, then up to 62 lower-case letters, digits or -";
const PATH = /^[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*$/;

export function readPolicies(texts: readonly PolicyText[], options: PolicyOptions): ReadPolicies {
  const policies: Policy[] = [];
  const problems: Problem[] = [];
  const places = new Map<string, string>();
  for (const { file, text } of texts) {
    const source = readYaml(text, file);
    const reader = createReader(source);
    if (source.value !== undefined)
      policies.push(...readFile(reader, source.value, { ...options, places }));
    problems.push(...sortProblems([...source.problems, ...reader.problems]));
  }
  return { policies, problems };
}

interface FileContext extends PolicyOptions {
  /** Of the ids that were seen. */
  readonly places: Map<string, string>;
}

function readFile(reader: Reader, value: JsonValue, context: FileContext): Policy[] {
  const fields = readMap(reader, [], value, "a file of policies", ["policies"]);
  if (fields === undefined) return [];
  if (fields["policies"] === undefined) reader.note([], "the file has no `policies`");
  const list = readList(reader, ["policies"], fields["policies"], "policies");
  if (list.length > limits.policiesMax)
    reader.note(["policies"], `${list.length} policies: want at most ${limits.policiesMax} a file`);
  return list.slice(0, limits.policiesMax).flatMap((item, index) => {
    const path = ["policies", index];
    const map = readMap(reader, path, item, "a policy", FIELDS);
    const policy = map && readPolicy(reader, path, map, context);
    return policy === undefined ? [] : [policy];
  });
}

function readPolicy(
  reader: Reader,
  path: Path,
  fields: JsonObject,
  context: FileContext,
): Policy | undefined {
  const id = readId(reader, path, fields["id"], context);
  const name = id === undefined ? "a policy" : `policy ${quote(id)}`;
  const text = (field: "about" | "when" | "rule" | "message", want: string) =>
    readText(reader, [...path, field], fields[field], `${name}: ${field}`, {
      want,
      charsMax: limits.expressionCharsMax,
    });
  const each =
    readWord(reader, [...path, "each"], fields["each"], `${name}: each`, SUBJECTS) ?? "dag";
  const known = namesFor(each);
  const about = text("about", "a sentence for people");
  const when = text("when", "a condition");
  const rule = text("rule", "a condition");
  const message = text("message", "a sentence for people");
  for (const [field, condition] of [
    ["when", when],
    ["rule", rule],
  ] as const)
    if (condition !== undefined)
      noteCondition(reader, [...path, field], `${name}: ${field}`, condition, known);
  if (message !== undefined)
    noteTemplates(reader, [...path, "message"], `${name}: message`, message, known);
  for (const field of ["about", "rule"] as const)
    if (fields[field] === undefined) reader.note(path, `${name} has no ${quote(field)}`);
  const severity = readSeverity(reader, path, fields["severity"], name, context);
  const at = readText(reader, [...path, "at"], fields["at"], `${name}: at`, {
    pattern: PATH,
    want: "names with dots between them, for example with.image",
  });
  if (id === undefined || about === undefined || rule === undefined || severity === undefined)
    return undefined;
  return {
    id,
    about: about.trim(),
    each,
    severity,
    when: when === undefined ? undefined : compileCondition(when.trim()),
    rule: compileCondition(rule.trim()),
    message: (message ?? "").trim(),
    at: at === undefined ? pathOf(rule, each) : at.split("."),
    place: placeOf(reader, [...path, "rule"]),
  };
}

function placeOf({ source }: Reader, path: Path): string {
  const { line, column } = source.locate(path);
  return `${source.file}:${line}:${column}`;
}

function readId(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  { places }: FileContext,
): string | undefined {
  if (value === undefined) reader.note(path, "a policy has no `id`");
  const at = [...path, "id"];
  const id = readText(reader, at, value, "id", { pattern: NAME, want: NAME_WANT });
  if (id === undefined) return undefined;
  const first = places.get(id);
  if (first !== undefined) reader.note(at, `policy ${quote(id)} is at ${first} too`);
  else places.set(id, placeOf(reader, at));
  return id;
}

/** One word for all environments, or one for each that differs from `default`. */
function readSeverity(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  name: string,
  { environments }: PolicyOptions,
): Policy["severity"] | undefined {
  const at = [...path, "severity"];
  if (value === undefined) {
    reader.note(path, `${name} has no \`severity\`: want warn, deny, or one for each environment`);
    return undefined;
  }
  const word = (where: Path, written: JsonValue | undefined): Severity | "off" | undefined =>
    readWord(reader, where, written, `${name}: severity`, SEVERITIES);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const everywhere = word(at, value);
    return everywhere === undefined ? undefined : { default: everywhere };
  }
  const known = ["default", ...environments];
  const entries = Object.entries(value).flatMap(([environment, written]) => {
    if (!known.includes(environment))
      reader.note([...at, environment], `${name}: no environment is called ${quote(environment)}`, {
        at: "key",
        suggestion: suggest(environment, known),
      });
    const severity = word([...at, environment], written);
    return severity === undefined ? [] : [[environment, severity] as const];
  });
  return Object.fromEntries(entries);
}

const namesFor = (each: Subject): KnownNames => ({
  roots: [...Object.keys(viewFields[each]), "vars", "environment"],
  fields: viewFields[each],
});

/** The field that the rule reads first: what a finding points at. */
function pathOf(rule: string, each: Subject): Path {
  const parsed = parseExpression(rule);
  if (!parsed.ok || checkNames(parsed.value.names, namesFor(each)).length > 0) return [];
  const reference = parsed.value.names.references.find(({ root }) => root === each);
  return (reference?.path ?? []).map((step, index) => (index === 0 ? fieldOfView(step) : step));
}
