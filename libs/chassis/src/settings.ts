// What a process is told by its environment variables, read once, typed, and refused as a whole.
// Invariants:
//   E1. Every bad or missing variable is in the one error, with its name, the value it had and what was wanted.
//   E2. A secret's value is never in an error, and is registered so that no log shows it.
//   E3. An empty variable counts as absent: `X=` in a deployment file means "not set".
import { maskPasswordOf, maskSecrets } from "./secrets.ts";

/** One variable: its name, how its text is read, and what happens without it. */
export interface Setting<T> {
  readonly variable: string;
  /** What is wanted, in words that end "want …". */
  readonly want: string;
  readonly secret: boolean;
  /** Undefined when the text is not acceptable. */
  parse(text: string): T | undefined;
  readonly otherwise: { readonly value: T } | undefined;
}

export type SettingsSpec = Readonly<Record<string, Setting<unknown>>>;
export type SettingsOf<S extends SettingsSpec> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`${problems.length} wrong in the environment:\n  ${problems.join("\n  ")}`);
    this.problems = problems;
  }
}

/** Reads every setting of the spec, or throws one SettingsError that lists all that is wrong. */
export function settingsFrom<const S extends SettingsSpec>(
  env: NodeJS.ProcessEnv,
  spec: S,
): SettingsOf<S> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(spec)) {
    const text = env[setting.variable]?.trim() ?? "";
    if (text === "") {
      if (setting.otherwise === undefined)
        problems.push(`${setting.variable} is missing: want ${setting.want}`);
      else values[key] = setting.otherwise.value;
      continue;
    }
    if (setting.secret) maskSecrets([text]);
    const value = setting.parse(text);
    if (value === undefined) {
      const shown = setting.secret ? "(a secret value)" : JSON.stringify(withoutPassword(text));
      problems.push(`${setting.variable} is ${shown}: want ${setting.want}`);
    } else values[key] = value;
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return values as SettingsOf<S>; // each key was parsed by its own setting, or an error was thrown
}

interface Fallback<T> {
  /** Used when the variable is absent; without it the variable is required. */
  readonly default?: T;
}

/** Makes a required setting optional: undefined when absent. */
export function optional<T>(setting: Setting<T>): Setting<T | undefined> {
  return { ...setting, otherwise: { value: undefined } };
}

export function text(
  variable: string,
  options: Fallback<string> & { readonly pattern?: RegExp; readonly want?: string } = {},
): Setting<string> {
  const { pattern } = options;
  return {
    variable,
    secret: false,
    want: options.want ?? (pattern === undefined ? "a text" : `a text like ${pattern.source}`),
    parse: (value) => (pattern === undefined || pattern.test(value) ? value : undefined),
    otherwise: otherwise(options),
  };
}

/** A password or token: masked wherever it would be shown. */
export function secret(variable: string, options: Fallback<string> = {}): Setting<string> {
  return { ...text(variable, { ...options, want: "a secret" }), secret: true };
}

export function oneOf<const T extends string>(
  variable: string,
  choices: readonly T[],
  options: Fallback<NoInfer<T>> = {},
): Setting<T> {
  return {
    variable,
    secret: false,
    want: `one of ${choices.join(", ")}`,
    parse: (value) => choices.find((choice) => choice === value),
    otherwise: otherwise(options),
  };
}

interface Range {
  readonly min: number;
  readonly max: number;
  /** Shown in errors: "messages", "MiB". */
  readonly unit?: string;
}

export function integer(variable: string, options: Range & Fallback<number>): Setting<number> {
  const { min, max, unit } = options;
  return {
    variable,
    secret: false,
    want: `an integer${unit === undefined ? "" : ` of ${unit}`} in ${min}..${max}`,
    parse: (value) => (/^-?\d{1,15}$/.test(value) ? within(Number(value), options) : undefined),
    otherwise: otherwise(options),
  };
}

/** A port to listen on; 0 means any free one. */
export function port(variable: string, options: Fallback<number> = {}): Setting<number> {
  return integer(variable, { ...options, min: 0, max: 65_535 });
}

const MS_OF_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds: a bare number, or one with a unit (`250ms`, `10s`, `5m`, `1h`, `7d`). */
export function durationMs(variable: string, options: Range & Fallback<number>): Setting<number> {
  const { min, max } = options;
  return {
    variable,
    secret: false,
    want: `a time in ${min}..${max} ms, as a number of milliseconds or like 250ms, 10s, 5m, 1h, 7d`,
    parse: (value) => {
      const match = /^(\d{1,15}(?:\.\d{1,6})?)(ms|s|m|h|d)?$/.exec(value);
      if (match === null) return undefined;
      return within(Math.round(Number(match[1]) * (MS_OF_UNIT[match[2] ?? "ms"] ?? 1)), options);
    },
    otherwise: otherwise(options),
  };
}

/** An address with a scheme. A password inside it is masked wherever it would be shown. */
export function url(
  variable: string,
  options: Fallback<string> & { readonly schemes: readonly string[] },
): Setting<string> {
  const { schemes } = options;
  return {
    variable,
    secret: false,
    want: `an address like ${schemes.map((scheme) => `${scheme}://host:port`).join(" or ")}`,
    parse: (value) => {
      if (!URL.canParse(value)) return undefined;
      maskPasswordOf(value);
      return schemes.includes(new URL(value).protocol.slice(0, -1)) ? value : undefined;
    },
    otherwise: otherwise(options),
  };
}

/** `host:port`, as gRPC addresses are written. */
export function address(variable: string, options: Fallback<string> = {}): Setting<string> {
  return text(variable, {
    ...options,
    pattern: /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}$/,
    want: "an address like host:port",
  });
}

export function flag(variable: string, options: Fallback<boolean> = {}): Setting<boolean> {
  return {
    variable,
    secret: false,
    want: "true or false (or 1 or 0)",
    parse: (value) =>
      /^(1|true)$/i.test(value) ? true : /^(0|false)$/i.test(value) ? false : undefined,
    otherwise: otherwise(options),
  };
}

/** An address that could not be read may still hold a password. */
function withoutPassword(text: string): string {
  return text.replace(/(?<=:\/\/)[^/@\s]*@/, "…@");
}

function otherwise<T>(options: Fallback<T>): { readonly value: T } | undefined {
  return options.default === undefined ? undefined : { value: options.default };
}

function within(value: number, { min, max }: Range): number | undefined {
  return value >= min && value <= max ? value : undefined;
}
