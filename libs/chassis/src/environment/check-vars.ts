// Vars are copied into assignments, logs and pages, so nothing secret may be one, and no reference is resolved in one.
import type { JsonValue } from "@bufbuild/protobuf";
import type { Flaw } from "./check-connection.ts";
import { holdsPassword, isReference } from "./connection-field.ts";

const SECRET_KEY = /(^|[_-])(password|passwd|secret|token|api_?key|private_?key|credentials)$/i;
const ADVICE = "a secret belongs to a connection, whose values only its runner sees";

export function checkVars(vars: Readonly<Record<string, JsonValue>>): Flaw[] {
  return Object.entries(vars).flatMap(([name, value]) => checkVar(["vars", name], name, value));
}

function checkVar(path: readonly PropertyKey[], name: string, value: JsonValue): Flaw[] {
  const subject = `var ${path.slice(1).map(String).join(".")}`;
  if (typeof value === "string") {
    if (isReference(value))
      return [
        {
          path,
          at: "value",
          message: `${subject} is a reference: want the value itself; ${ADVICE}`,
        },
      ];
    if (SECRET_KEY.test(name) || holdsPassword(value))
      return [{ path, at: "value", message: `${subject} looks like a secret: ${ADVICE}` }];
    return [];
  }
  if (Array.isArray(value))
    return value.flatMap((item: JsonValue, index) => checkVar([...path, index], name, item));
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([key, item]) => checkVar([...path, key], key, item));
  return [];
}
