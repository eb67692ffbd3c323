import { describe, expect, test } from "vitest";
import { ConfigError } from "../attempt.ts";
import {
  described,
  duration,
  flag,
  integer,
  json,
  list,
  map,
  oneOf,
  oneOrMany,
  optional,
  scalarText,
  text,
  withDefault,
} from "./fields.ts";
import { kindConfig, object } from "./kind-config.ts";

const config = kindConfig({
  image: described("What runs.", text({ pattern: /^\S+$/, want: "an image" })),
  command: withDefault(list(text(), { max: 3 }), []),
  env: withDefault(map(scalarText(), { key: /^[A-Z_]+$/, max: 3 }), {}),
  pull: withDefault(oneOf(["always", "never"]), "always"),
  retries: withDefault(integer({ min: 0, max: 9 }), 2),
  quiet: withDefault(flag(), false),
  wait: optional(duration({ minMs: 1_000, maxMs: 60_000 })),
  skip: optional(oneOrMany(integer({ min: 1, max: 255 }), { max: 4 })),
  extra: optional(json()),
  resources: optional(object({ cpu: optional(text()), memory: optional(text()) })),
});

const problemsOf = (value: unknown): readonly string[] => {
  try {
    config.parseConfig(value);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe("a configuration", () => {
  test("defaults fill what is absent, also null", () => {
    expect(config.parseConfig({ image: "a:1", wait: null })).toEqual({
      image: "a:1",
      command: [],
      env: {},
      pull: "always",
      retries: 2,
      quiet: false,
    });
  });

  test("each kind of field is read", () => {
    const parsed = config.parseConfig({
      image: "a:1",
      command: ["node", "x.mjs"],
      env: { DAY: "2026-01-02", N: 3, ON: true },
      pull: "never",
      retries: 0,
      quiet: true,
      wait: "30s",
      skip: 99,
      extra: { any: [1] },
      resources: { memory: "1Gi" },
    });
    expect(parsed).toEqual({
      image: "a:1",
      command: ["node", "x.mjs"],
      env: { DAY: "2026-01-02", N: "3", ON: "true" },
      pull: "never",
      retries: 0,
      quiet: true,
      wait: 30_000,
      skip: [99],
      extra: { any: [1] },
      resources: { memory: "1Gi" },
    });
  });

  test("all that is wrong is said at once, with path, value and wish", () => {
    expect(
      problemsOf({
        imagee: "a",
        command: ["a", 1],
        env: { lower: "x", A: [] },
        pull: "sometimes",
        retries: 10,
        wait: "2h",
        skip: [0],
        resources: { cpus: "1" },
      }),
    ).toEqual([
      "`imagee`: no such field; did you mean `image`?",
      "`image` is missing",
      "`command[1]` is 1: want a text of 1 to 65536 characters",
      '`env`: key "lower": want ^[A-Z_]+$',
      "`env.A` is []: want a text, number or boolean of at most 65536 characters",
      '`pull` is "sometimes": want one of always, never',
      "`retries` is 10: want an integer in 0..9",
      '`wait` is "2h": want a time like 250ms, 30s, 5m, 1h30m, 1d in 1000..60000 ms',
      "`skip[0]` is 0: want an integer in 1..255",
      "`resources.cpus`: no such field; did you mean `cpu`?",
    ]);
  });

  test.each([[null], ["image"], [["image"]], [7]])("%j is not a configuration", (value) => {
    expect(problemsOf(value)).toEqual([`\`with\` is ${JSON.stringify(value)}: want a map`]);
  });

  test("a time may have several units", () => {
    const { wait } = config.parseConfig({ image: "a", wait: "10s500ms" });
    expect(wait).toBe(10_500);
  });

  test("the schema says what is read", () => {
    expect(config.schema).toMatchObject({
      type: "object",
      required: ["image"],
      additionalProperties: false,
      properties: {
        image: { type: "string", pattern: "^\\S+$", description: "What runs." },
        pull: { enum: ["always", "never"], default: "always" },
        wait: { type: "string", pattern: "^(\\d{1,9}(ms|s|m|h|d))+$" },
        skip: { anyOf: [{ type: "integer", minimum: 1, maximum: 255 }, { type: "array" }] },
      },
    });
  });
});
