import { ConfigError } from "@chasqui/runner";
import { expect, test } from "vitest";
import { parseK8s } from "./k8s.ts";

test("a kind and a name are enough", () => {
  expect(parseK8s({ kind: "Pod", name: "load" })).toMatchObject({
    pace: { intervalMs: 15_000 },
    of: {
      connection: "kubernetes",
      apiVersion: "v1",
      kind: "Pod",
      name: "load",
      condition: undefined,
    },
  });
});

test("everything", () => {
  const spec = parseK8s({
    api_version: "batch/v1",
    kind: "Job",
    name: "load-2026-01-02",
    namespace: "etl",
    condition: "Complete",
    fail_condition: "Failed",
    expect: "object.status.succeeded == 1",
    fail_when: "object.status.failed > 3",
  });
  expect(spec.of).toMatchObject({
    apiVersion: "batch/v1",
    condition: "Complete",
    failCondition: "Failed",
  });
});

test.each([
  [{}, "`kind` is missing; `name` is missing"],
  [{ kind: "job", name: "a" }, "want a kind like Job"],
  [{ kind: "Job", name: "../secrets/x" }, "want a resource's name"],
  [{ kind: "Job", name: "a", namespace: "a/b" }, "want a Kubernetes namespace"],
  [{ kind: "Job", name: "a", api_version: "../v1" }, "want an API version"],
  [{ kind: "Job", name: "a", condition: "Ready=Maybe" }, "want a condition like Complete"],
])("%j is refused: %s", (config, why) => {
  expect(() => parseK8s(config)).toThrow(ConfigError);
  expect(() => parseK8s(config)).toThrow(why);
});
