// Connections as sensors read them: of the type that is wanted, or a refusal that names what was there.
import { CannotAsk } from "../kinds/kind.ts";

export type ConnectionValues = Readonly<Record<string, string | number | boolean>>;

/** Resolves a name, secrets included; throws when there is none, or when a reference leads nowhere. */
export type ResolveConnection = (name: string) => ConnectionValues;

export interface Connection {
  readonly name: string;
  readonly type: string;
  /** Undefined when it is absent or empty. */
  text(key: string): string | undefined;
}

/** Throws CannotAsk. */
export function connectionOf(
  name: string,
  types: readonly string[],
  resolve: ResolveConnection,
): Connection {
  const values = resolved(name, resolve);
  const type = String(values["type"]);
  if (!types.includes(type))
    throw new CannotAsk(`connection ${name} is of type ${type}: want ${types.join(" or ")}`);
  return {
    name,
    type,
    text(key) {
      const value = values[key];
      return value === undefined || value === "" ? undefined : String(value);
    },
  };
}

function resolved(name: string, resolve: ResolveConnection): ConnectionValues {
  try {
    return resolve(name);
  } catch (cause) {
    throw new CannotAsk(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
