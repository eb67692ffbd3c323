// The standard list filter of Vertex AI: comparisons joined by AND and OR, with NOT.
//   state="JOB_STATE_SUCCEEDED" AND labels.run=run-1
//   NOT display_name:"train*" OR labels.key:*
import { CODES, RpcError } from "./rpc.ts";

export interface Filterable {
  readonly displayName: string;
  readonly state: string;
  readonly createMs: number;
  readonly labels: Readonly<Record<string, string>>;
}

type Predicate = (item: Filterable) => boolean;

const TERM =
  /^\s*(NOT\s+|-)?([a-z_]+(?:\.[a-z0-9_-]+)?)\s*(!=|<=|>=|=|<|>|:)\s*("(?:[^"\\]|\\.)*"|[^\s()"]+)\s*(?:(AND|OR)\s+(?=\S))?/;

export function parseFilter(text: string): Predicate {
  if (text.trim() === "") return () => true;
  const either: Predicate[][] = [[]];
  let rest = text;
  while (rest.trim() !== "") {
    const match = TERM.exec(rest);
    if (match === null) throw wrong(text, `cannot read ${JSON.stringify(rest)}`);
    const [whole, not, field = "", operator = "", value = "", joint] = match;
    const holds = comparison(text, { field, operator, value: unquote(value) });
    either.at(-1)?.push(not === undefined ? holds : (item) => !holds(item));
    rest = rest.slice(whole.length);
    if (joint === "OR") either.push([]);
    else if (joint === undefined && rest.trim() !== "") throw wrong(text, "want AND or OR");
  }
  return (item) => either.some((all) => all.every((holds) => holds(item)));
}

function comparison(
  text: string,
  { field, operator, value }: { field: string; operator: string; value: string },
): Predicate {
  const equality = (read: (item: Filterable) => string): Predicate => {
    if (operator === "=") return (item) => read(item) === value;
    if (operator === "!=") return (item) => read(item) !== value;
    throw wrong(text, `${field} ${operator}: want = or !=`);
  };
  if (field.startsWith("labels.")) {
    const key = field.slice("labels.".length);
    if (operator === ":" && value === "*") return (item) => Object.hasOwn(item.labels, key);
    return equality((item) => item.labels[key] ?? "");
  }
  switch (field) {
    case "state":
      return equality((item) => item.state);
    case "display_name":
      if (operator !== ":") return equality((item) => item.displayName);
      return (item) => wildcard(value).test(item.displayName);
    case "create_time":
      return timeComparison(text, operator, value);
    default:
      throw wrong(text, `field ${field} is not supported`);
  }
}

function timeComparison(text: string, operator: string, value: string): Predicate {
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) throw wrong(text, `create_time ${JSON.stringify(value)}: want RFC 3339`);
  switch (operator) {
    case "=":
      return (item) => item.createMs === ms;
    case "!=":
      return (item) => item.createMs !== ms;
    case "<":
      return (item) => item.createMs < ms;
    case "<=":
      return (item) => item.createMs <= ms;
    case ">":
      return (item) => item.createMs > ms;
    case ">=":
      return (item) => item.createMs >= ms;
    default:
      throw wrong(text, `create_time ${operator}`);
  }
}

function wildcard(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}

function unquote(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value;
}

function wrong(filter: string, why: string): RpcError {
  return new RpcError(CODES.INVALID_ARGUMENT, `Invalid filter ${JSON.stringify(filter)}: ${why}`);
}
