import { builtInKindSchemas } from "@chasqui/contracts";
import { ConfigError } from "@chasqui/runner";
import { expect, test } from "vitest";
import { parsePodConfig, podConfigFields } from "./config.ts";

test("what is announced is what is read", () => {
  const announced = Object.keys(builtInKindSchemas["k8s.pod"]?.properties ?? {});
  expect([...podConfigFields].sort()).toEqual(announced.sort());
});

test("an image is enough", () => {
  expect(parsePodConfig({ image: "a:1" })).toEqual({
    image: "a:1",
    command: [],
    args: [],
    env: {},
    secrets: {},
    resources: { cpu: undefined, memory: undefined },
    labels: {},
    serviceAccount: undefined,
    nodeSelector: {},
    activeDeadlineMs: undefined,
    skipExitCodes: [],
  });
});

test("numbers in env are text; one exit code is a list", () => {
  const config = parsePodConfig({ image: "a", env: { N: 3 }, skip_on_exit_code: 99 });
  expect(config).toMatchObject({ env: { N: "3" }, skipExitCodes: [99] });
});

test.each([
  [{}, "`image` is missing"],
  [{ image: "a b" }, '`image` is "a b": want an image'],
  [{ image: "a", env: { "1X": "y" } }, 'key "1X"'],
  [{ image: "a", secrets: { P: "nokey" } }, "want <secret>/<key>"],
  [{ image: "a", resources: { memory: "lots" } }, "want a quantity like"],
  [{ image: "a", cmd: ["x"] }, "`cmd`: no such field"],
])("%j is refused: %s", (config, why) => {
  expect(() => parsePodConfig(config)).toThrow(ConfigError);
  expect(() => parsePodConfig(config)).toThrow(why);
});
