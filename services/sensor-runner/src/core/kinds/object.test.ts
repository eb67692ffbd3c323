import { describe, expect, test } from "vitest";
import type { Seen } from "../wait.ts";
import { judgeObjects, uriOf } from "./object.ts";
import type { FoundObject, ObjectConfig } from "./object.ts";

const at = (text: string): number => Date.parse(text);
const config: ObjectConfig = {
  connection: "exports",
  bucket: "exports",
  key: undefined,
  prefix: undefined,
  newerThanMs: undefined,
  minBytes: 0,
  minCount: 1,
};
const object = (key: string, change: Partial<FoundObject> = {}): FoundObject => ({
  key,
  bytes: 10,
  modifiedMs: at("2026-01-02T03:04:05Z"),
  etag: "e",
  ...change,
});

describe("a key", () => {
  const key = { ...config, key: "daily/routes.csv" };
  const uri = uriOf("s3", key);
  const judge = (found: FoundObject | undefined, change: Partial<ObjectConfig> = {}): Seen =>
    judgeObjects({ ...key, ...change }, found === undefined ? [] : [found], { uri });

  test("that is there", () => {
    expect(judge(object("daily/routes.csv"))).toEqual({
      is: "there",
      note: "s3://exports/daily/routes.csv: 10 bytes of 2026-01-02T03:04:05Z",
      output: {
        uri: "s3://exports/daily/routes.csv",
        key: "daily/routes.csv",
        bytes: 10,
        modified: "2026-01-02T03:04:05Z",
        etag: "e",
      },
    });
  });

  test("that is not, and why", () => {
    expect(judge(undefined)).toEqual({
      is: "not_yet",
      note: "s3://exports/daily/routes.csv is not there",
    });
    expect(judgeObjects(key, [], { uri, absent: "may not be seen" })).toMatchObject({
      note: "s3://exports/daily/routes.csv may not be seen",
    });
  });

  test.each([
    ["large enough", {}, { minBytes: 10 }, "there", /10 bytes of/],
    ["too small", {}, { minBytes: 11 }, "not_yet", /; 11 bytes are wanted$/],
    ["newer", {}, { newerThanMs: at("2026-01-02T03:04:04.999Z") }, "there", /10 bytes of/],
    [
      "as old as that",
      {},
      { newerThanMs: at("2026-01-02T03:04:05Z") },
      "not_yet",
      /; one after 2026-01-02T03:04:05Z is wanted$/,
    ],
    ["empty, and that will do", { bytes: 0 }, {}, "there", /0 bytes of/],
  ])("%s", (_name, found, change, is, note) => {
    expect(judge(object("x", found), change)).toMatchObject({
      is,
      note: expect.stringMatching(note),
    });
  });
});

describe("a prefix", () => {
  const prefix = { ...config, prefix: "daily/" };
  const judge = (objects: readonly FoundObject[], change: Partial<ObjectConfig> = {}): Seen =>
    judgeObjects({ ...prefix, ...change }, objects, { uri: uriOf("gs", prefix) });

  test("with as many as are wanted", () => {
    const newer = object("daily/b", { modifiedMs: at("2026-01-03T00:00:00Z") });
    expect(judge([object("daily/a"), newer], { minCount: 2 })).toMatchObject({
      is: "there",
      note: "gs://exports/daily/: 2 objects",
      output: {
        uri: "gs://exports/daily/",
        count: 2,
        newest: { key: "daily/b", modified: "2026-01-03T00:00:00Z" },
        objects: [{ key: "daily/a" }, { key: "daily/b" }],
      },
    });
  });

  test("with fewer, and those that do not count", () => {
    expect(judge([])).toMatchObject({
      is: "not_yet",
      note: "gs://exports/daily/: 0 objects, 1 are wanted",
    });
    expect(
      judge([object("daily/a"), object("daily/b", { bytes: 0 })], { minBytes: 1, minCount: 2 }),
    ).toMatchObject({
      is: "not_yet",
      note: "gs://exports/daily/: 1 of 2 objects count, 2 are wanted",
      evidence: { objects: 2, counting: 1 },
    });
  });

  test("with very many: the output names the first hundred", () => {
    const seen = judge(Array.from({ length: 3_000 }, (_, n) => object(`daily/${n}`)));
    const output = seen.is === "there" ? JSON.stringify(seen.output) : "";
    expect(JSON.parse(output)).toMatchObject({ count: 3_000 });
    expect(output.match(/"key"/g)).toHaveLength(101); // and the newest
  });
});
