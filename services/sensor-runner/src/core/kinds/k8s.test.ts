import { describe, expect, test } from "vitest";
import type { JsonMap, Seen } from "../wait.ts";
import type { Held } from "./http.ts";
import { judgeObject, notThere, whatOf } from "./k8s.ts";
import type { K8sConfig } from "./k8s.ts";

const config: K8sConfig = {
  connection: "kubernetes",
  apiVersion: "batch/v1",
  kind: "Job",
  name: "load",
  namespace: "etl",
  condition: "Complete",
  failCondition: "Failed",
  expect: undefined,
  failWhen: "object.status.failed > 3",
};
const job = (...conditions: JsonMap[]): JsonMap => ({
  metadata: { name: "load", namespace: "etl", uid: "u-1" },
  spec: { secret: "hunter2" },
  status: { conditions },
});
const complete = { type: "Complete", status: "True" };
const judge = (
  object: JsonMap,
  change: Partial<K8sConfig> = {},
  held: { fits?: Held; fails?: Held } = {},
): Seen =>
  judgeObject({ ...config, ...change }, object, { fits: undefined, fails: undefined, ...held });

test.each<[string, Seen, Seen["is"], string]>([
  ["has it", judge(job(complete)), "there", "Job etl/load: Complete is True"],
  [
    "has it the other way round",
    judge(job({ ...complete, status: "False" })),
    "not_yet",
    "Job etl/load: Complete is False",
  ],
  ["has none", judge(job()), "not_yet", "Job etl/load: there, without conditions"],
  ["has no status at all", judge({}), "not_yet", "Job etl/load: there, without conditions"],
  [
    "need only be there",
    judge({}, { condition: undefined }),
    "there",
    "Job etl/load: there, without conditions",
  ],
  [
    "is to have the other status",
    judge(job({ type: "Ready", status: "False" }), { condition: "Ready=False" }),
    "there",
    "Job etl/load: Ready is False",
  ],
  [
    "has the one that is hopeless",
    judge(job({ type: "Failed", status: "True", message: "back-off limit" })),
    "over",
    "Job etl/load: Failed: back-off limit",
  ],
  ["fits", judge(job(complete), {}, { fits: true }), "there", "Job etl/load: Complete is True"],
  [
    "does not fit",
    judge(job(complete), {}, { fits: false }),
    "not_yet",
    "Job etl/load: Complete is True",
  ],
  [
    "cannot be judged",
    judge(job(complete), {}, { fits: "no field `x`" }),
    "not_yet",
    "Job etl/load: Complete is True; no field `x`",
  ],
  [
    "fails by its expression",
    judge(job(complete), {}, { fails: true }),
    "over",
    "Job etl/load: fail_when holds: object.status.failed > 3",
  ],
])("a resource that %s", (_name, seen, is, note) => {
  expect(seen).toMatchObject({ is, note });
});

test("the output is what it is called and its status, nothing else of it", () => {
  const seen = judge(job(complete));
  expect(seen).toMatchObject({
    output: {
      kind: "Job",
      name: "load",
      namespace: "etl",
      uid: "u-1",
      status: { conditions: [complete] },
    },
  });
  expect(JSON.stringify(seen)).not.toContain("hunter2");
});

describe("in words", () => {
  test("what is waited for", () => {
    expect(whatOf(config)).toBe("Job etl/load with Complete");
    expect(whatOf({ ...config, condition: undefined, namespace: undefined })).toBe(
      "Job load to be there",
    );
  });

  test("one that is not there", () => {
    expect(notThere(config)).toEqual({ is: "not_yet", note: "Job etl/load is not there" });
  });
});
