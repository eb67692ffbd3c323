// The fields of a form, read from its JSON Schema: what a browser can show by itself. Anything else is filled in as JSON.
export interface FormField {
  readonly name: string;
  readonly title: string;
  readonly hint: string;
  readonly isRequired: boolean;
  readonly kind: "text" | "number" | "boolean" | "choice" | "json";
  readonly isInteger: boolean;
  readonly choices: readonly unknown[];
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly initial: unknown;
}

export function fieldsOf(form: unknown): FormField[] {
  const { properties, required } = mapOf(form);
  const needed: unknown[] = Array.isArray(required) ? required : [];
  return Object.entries(mapOf(properties)).map(([name, schema]) =>
    fieldOf(name, mapOf(schema), needed.includes(name)),
  );
}

function fieldOf(
  name: string,
  schema: Readonly<Record<string, unknown>>,
  isRequired: boolean,
): FormField {
  const { type, title, description, minimum, maximum } = schema;
  const choices: unknown[] = Array.isArray(schema["enum"]) ? schema["enum"] : [];
  return {
    name,
    title: textOr(title, name),
    hint: textOr(description, ""),
    isRequired,
    kind: choices.length > 0 ? "choice" : (kinds[textOr(type, "")] ?? "json"),
    isInteger: type === "integer",
    choices,
    min: typeof minimum === "number" ? minimum : undefined,
    max: typeof maximum === "number" ? maximum : undefined,
    initial: schema["default"],
  };
}

const kinds: Readonly<Record<string, FormField["kind"]>> = {
  string: "text",
  number: "number",
  integer: "number",
  boolean: "boolean",
};

/** What was typed into a field, as JSON; undefined when it was left empty. Throws when it is no JSON. */
export function valueOf(field: FormField, typed: string | boolean): unknown {
  if (typeof typed === "boolean") return typed;
  if (typed === "") return undefined;
  switch (field.kind) {
    case "text":
      return typed;
    case "number":
      return Number(typed);
    case "choice":
      return field.choices[Number(typed)];
    default:
      try {
        return JSON.parse(typed) as unknown;
      } catch (error) {
        throw new Error(`${field.title}: want JSON`, { cause: error });
      }
  }
}

/** What a field shows before anybody typed. */
export function typedOf({ kind, choices, initial }: FormField): string | boolean {
  if (kind === "boolean") return initial === true;
  if (initial === undefined) return "";
  if (kind === "choice") {
    const index = choices.findIndex((choice) => choice === initial);
    return index < 0 ? "" : String(index);
  }
  return kind === "json" ? JSON.stringify(initial) : String(initial as string | number);
}

/** The parameters of runs, as they were typed. */
export function parsedParams(text: string): unknown {
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`The parameters are not JSON: ${why}`, { cause: error });
  }
}

const textOr = (value: unknown, otherwise: string): string =>
  typeof value === "string" && value !== "" ? value : otherwise;

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>) // any other object has names, too
    : {};
}
