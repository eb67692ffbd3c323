import { builtInKindSchemas, builtInKinds } from "@chasqui/contracts";
import { ConfigError } from "@chasqui/runner";
import { describe, expect, test } from "vitest";
import { sensorsOf } from "./sensors.ts";
import { testOutside } from "./testing/outside.ts";

const sensors = sensorsOf(testOutside);

test("every kind that is this service's is here, and no other", () => {
  const ours = Object.entries(builtInKinds).filter(([, owner]) => owner === "sensor-runner");
  expect([...sensors.keys()].sort()).toEqual(ours.map(([kind]) => kind).sort());
});

describe.each([...sensors.values()].map((sensor) => [sensor.kind, sensor] as const))(
  "%s",
  (kind, sensor) => {
    const schema = builtInKindSchemas[kind];

    test("what is announced is what is read", () => {
      const announced = Object.keys(schema?.properties ?? {}).sort();
      const [, known = ""] = /known: (.*?)(;|$)/.exec(problemsOf({ "no such field": 1 })) ?? [];
      expect(known.split(", ").sort()).toEqual(announced);
    });

    test("what is announced as required is", () => {
      const missing = [...problemsOf({}).matchAll(/`(\w+)` is missing/g)].map(([, name]) => name);
      expect(missing.sort()).toEqual([...(schema?.required ?? [])].sort());
    });

    test("of fields that exclude each other exactly one is wanted", () => {
      const choice = schema?.oneOf?.flatMap(({ required = [] }) => required) ?? [];
      const rest = Object.fromEntries((schema?.required ?? []).map((name) => [name, "some"]));
      const wanted = choice.length === 0 ? "" : choice.map((name) => `\`${name}\``).join(", ");
      expect(problemsOf({ ...rest, timeout: "never" })).toContain("timeout");
      if (choice.length > 0) expect(problemsOf(rest)).toContain(`0 of ${wanted} are given`);
    });

    function problemsOf(value: object): string {
      try {
        sensor.parse(value);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        return error instanceof Error ? error.message : "";
      }
      throw new Error(`${kind} takes ${JSON.stringify(value)}`);
    }
  },
);
