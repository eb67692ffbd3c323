import { afterEach, expect, test } from "vitest";
import { forgetSecrets, mask } from "./secrets.ts";
import {
  address,
  durationMs,
  flag,
  integer,
  oneOf,
  optional,
  port,
  secret,
  SettingsError,
  settingsFrom,
  text,
  url,
} from "./settings.ts";

afterEach(forgetSecrets);

const spec = {
  database: url("X_DATABASE_URL", { schemes: ["postgres", "postgresql"] }),
  password: secret("X_PASSWORD"),
  batchMax: integer("X_BATCH_MAX", { default: 100, min: 1, max: 1_000, unit: "messages" }),
  port: port("X_PORT", { default: 0 }),
  stopMs: durationMs("X_STOP_MS", { default: 10_000, min: 0, max: 600_000 }),
  mode: oneOf("X_MODE", ["quick", "safe"], { default: "safe" }),
  traced: flag("X_TRACED", { default: true }),
  peer: optional(address("X_PEER")),
  name: text("X_NAME", { default: "it" }),
} as const;

const required = {
  X_DATABASE_URL: "postgres://it:sesame-open@127.0.0.1:5432/chasqui",
  X_PASSWORD: "hunter2-hunter2",
};

test("absent and empty variables take their default", () => {
  expect(settingsFrom({ ...required, X_MODE: "", X_NAME: "  " }, spec)).toEqual({
    database: required.X_DATABASE_URL,
    password: required.X_PASSWORD,
    batchMax: 100,
    port: 0,
    stopMs: 10_000,
    mode: "safe",
    traced: true,
    peer: undefined,
    name: "it",
  });
});

test("every problem is in the one error, with name, value and want, and no secret", () => {
  const env = {
    X_DATABASE_URL: "mysql://it:sesame-open@127.0.0.1/x",
    X_BATCH_MAX: "0",
    X_PORT: "70000",
    X_STOP_MS: "soon",
    X_MODE: "fast",
    X_TRACED: "maybe",
    X_PEER: "localhost",
  };
  const error = thrownBy(() => settingsFrom(env, spec));
  expect(error).toBeInstanceOf(SettingsError);
  expect(String(error)).toMatchInlineSnapshot(`
    "SettingsError: 8 wrong in the environment:
      X_DATABASE_URL is "mysql://…@127.0.0.1/x": want an address like postgres://host:port or postgresql://host:port
      X_PASSWORD is missing: want a secret
      X_BATCH_MAX is "0": want an integer of messages in 1..1000
      X_PORT is "70000": want an integer in 0..65535
      X_STOP_MS is "soon": want a time in 0..600000 ms, as a number of milliseconds or like 250ms, 10s, 5m, 1h, 7d
      X_MODE is "fast": want one of quick, safe
      X_TRACED is "maybe": want true or false (or 1 or 0)
      X_PEER is "localhost": want an address like host:port"
  `);
});

test("secrets, and passwords inside addresses, are masked from then on", () => {
  settingsFrom(required, spec);
  expect(mask("sesame-open and hunter2-hunter2")).toBe("[secret] and [secret]");
});

test.each([
  ["1500", 1_500],
  ["250ms", 250],
  ["10s", 10_000],
  ["1.5s", 1_500],
  ["2m", 120_000],
  ["1h", undefined],
  ["-1", undefined],
  ["1e3", undefined],
])("a time %s is %s ms", (value, want) => {
  const one = { x: optional(durationMs("X", { min: 0, max: 600_000 })) };
  if (want === undefined) expect(() => settingsFrom({ X: value }, one)).toThrow("X is");
  else expect(settingsFrom({ X: value }, one)).toEqual({ x: want });
});

test.each(["1", "true", "TRUE"])("%s is true", (value) => {
  expect(settingsFrom({ X: value }, { x: flag("X") })).toEqual({ x: true });
});

test.each(["127.0.0.1:5432", "state-machine:7000", "[::1]:70"])("%s is an address", (value) => {
  expect(settingsFrom({ X: value }, { x: address("X") })).toEqual({ x: value });
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
