// The mutation run's own rules: what a fault must be, and what counts as found.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type Fault, planted } from "./fault.ts";
import { faults } from "./faults/index.ts";
import { verdictOf } from "./run-tests.ts";

const root = path.resolve(import.meta.dirname, "../..");
const areaOf = ({ file }: Fault): string =>
  file.startsWith("libs/bus/") ? "bus" : file.includes("/store/") ? "store" : "core";

describe("the faults", () => {
  test("in cores, bus and stores", () => {
    const counts = Object.groupBy(faults, areaOf);
    expect(faults).toHaveLength(39);
    expect(counts["core"]?.length).toBeGreaterThanOrEqual(14);
    expect(counts["bus"]?.length).toBeGreaterThanOrEqual(7);
    expect(counts["store"]?.length).toBeGreaterThanOrEqual(6);
    expect(new Set(faults.map(({ why }) => why)).size).toBe(39);
  });

  test.each(faults.map((fault) => [`${fault.file}: ${fault.why}`, fault] as const))(
    "%s: can be planted",
    (_, fault) => {
      const source = readFileSync(path.join(root, fault.file), "utf8");
      expect(planted(fault, source)).not.toBe(source);
    },
  );
});

describe("planted", () => {
  const fault = { file: "a.ts", find: "x < 1", replace: "x <= 1" };

  test("changes one place, as it is written", () => {
    expect(planted(fault, "if (x < 1) f();")).toBe("if (x <= 1) f();");
    expect(planted({ ...fault, replace: "$& $1" }, "x < 1")).toBe("$& $1");
  });

  test.each([
    ["", /a\.ts: the text to change occurs 0 times: want it once: "x < 1"/],
    ["x < 1 && x < 1", /occurs 2 times/],
  ])("%j has no such one place", (source, message) => {
    expect(() => planted(fault, source)).toThrow(message);
  });

  test("a change that changes nothing is refused", () => {
    expect(() => planted({ ...fault, replace: fault.find }, "x < 1")).toThrow(/replaced by itself/);
  });
});

describe("verdictOf", () => {
  const ran = (...statuses: readonly string[]) => ({
    testResults: [
      {
        name: "a.test.ts",
        message: "",
        assertionResults: statuses.map((status, i) => ({ fullName: `test ${i}`, status })),
      },
    ],
  });

  test("found is a test that ran and failed", () => {
    expect(verdictOf(ran("passed", "failed", "failed"), 1)).toEqual({
      kind: "found",
      by: "test 1",
    });
  });

  test("green is at least one that passed, and none that failed", () => {
    expect(verdictOf(ran("passed", "skipped"), 0)).toEqual({ kind: "green", count: 1 });
  });

  test("anything else shows nothing", () => {
    expect(verdictOf(ran("skipped"), 0)).toEqual({ kind: "unclear", why: "no test ran" });
    expect(verdictOf(ran("passed"), 1)).toMatchObject({ kind: "unclear" });
    const broken = { name: "b.test.ts", message: "SyntaxError: x", assertionResults: [] };
    expect(verdictOf({ testResults: [broken, ...ran("passed").testResults] }, 1)).toEqual({
      kind: "unclear",
      why: "b.test.ts: SyntaxError: x",
    });
  });
});
