// What a built-in kind's runner reads of a rendered configuration, the state machine lets through to it; and what it lets
// through, the runner reads, but for what one field says of another.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import type { builtInKinds } from "../libs/contracts/src/index.ts";
import { builtInKindSchemas } from "../libs/contracts/src/index.ts";
import { misfitOf } from "../libs/dag/src/index.ts";
import { parsePodConfig } from "../services/k8s-runner/src/config.ts";
import { reportConfig } from "../services/report-mailer/src/translate.ts";
import { parseDag } from "../services/sensor-runner/src/kinds/dag.ts";
import { parseEvent } from "../services/sensor-runner/src/kinds/event.ts";
import { parseHttp } from "../services/sensor-runner/src/kinds/http.ts";
import { parseK8s } from "../services/sensor-runner/src/kinds/k8s.ts";
import { parseObject } from "../services/sensor-runner/src/kinds/object.ts";
import { parseSql } from "../services/sensor-runner/src/kinds/sql.ts";
import { parseTime } from "../services/sensor-runner/src/kinds/time.ts";
import { parseJobConfig } from "../services/vertex-runner/src/config.ts";

type Kind = keyof typeof builtInKinds;

const readers: Readonly<Record<Kind, (value: unknown) => unknown>> = {
  "k8s.pod": parsePodConfig,
  "vertex.custom-job": parseJobConfig,
  "report.email": reportConfig.parseConfig,
  "sensor.time": parseTime,
  "sensor.http": parseHttp,
  "sensor.sql": parseSql,
  "sensor.object": parseObject,
  "sensor.event": parseEvent,
  "sensor.dag": parseDag,
  "sensor.k8s": parseK8s,
};

const good: Readonly<Record<Kind, JsonObject>> = {
  "k8s.pod": { image: "a/b:1" },
  "vertex.custom-job": { image: "a/b:1", machine_type: "n1-standard-4" },
  "report.email": {
    ...{ report: "costs", period: "2026-10-06", connection: "warehouse", template: "costs" },
    recipients: { query: "select 1", key: "id" },
    data: { query: "select 1" },
  },
  "sensor.time": { delay: "5m" },
  "sensor.http": { url: "https://example.org/x" },
  "sensor.sql": { connection: "warehouse", query: "select 1" },
  "sensor.object": { connection: "lake", bucket: "lake-1", key: "k" },
  "sensor.event": { subject: "logistics.closed" },
  "sensor.dag": { dag: "costs", key: "k" },
  "sensor.k8s": { kind: "Job", name: "n" },
};

/** What expressions give: of every type, and of the forms that fields have. */
const values: readonly JsonValue[] = [
  ...[null, true, false, 0, 1, 5, 200, -1, 1.5, "", "x", "5", "a b", "lower-case", "Job", "GET"],
  ...["30s", "1h30m", "2026-10-06", "2026-10-06T18:00:00Z", "https://example.org", "/path"],
  ...[[], ["x"], [5], [null], ["csv"], ["succeeded"], [200], {}, { A: "x" }, { A: 5 }, { A: true }],
  ...[{ A: null }, { a: "x" }, { "1a": "x" }, { cpu: "500m" }, { cpu: 2 }, { memory: null }],
  ...[
    { query: "select 1", key: "id", params: null },
    { query: "select 1", params: { day: 5 } },
  ],
  ...[{ type: "NVIDIA_TESLA_T4", count: 1 }, { status: [200] }, { body: null }],
];

interface Variant {
  readonly config: JsonObject;
  /** The field that is not as it is in a good one, and what it is. */
  readonly field: string;
  readonly value: JsonValue | undefined;
}

function variants(kind: Kind): Variant[] {
  const base = good[kind];
  const { properties = {} } = builtInKindSchemas[kind] ?? {};
  const changed = Object.keys(properties).flatMap((field) =>
    values.map((value) => ({ config: { ...base, [field]: value }, field, value })),
  );
  const without = Object.keys(base).map((field) => {
    const config = Object.fromEntries(Object.entries(base).filter(([key]) => key !== field));
    return { config, field, value: undefined };
  });
  return [
    ...changed,
    ...without,
    { config: base, field: "", value: undefined },
    { config: { ...base, unknown: 5 }, field: "unknown", value: 5 },
  ];
}

function reads(kind: Kind, config: JsonObject): boolean {
  try {
    readers[kind](config);
    return true;
  } catch {
    return false;
  }
}

const misfit = (kind: Kind, config: JsonObject): string | undefined =>
  misfitOf(builtInKindSchemas[kind] ?? {}, config);

/** A condition is compiled at its first look: that a text is none, is known before. */
const isCondition = (kind: Kind, { field, value }: Variant): boolean => {
  const { properties = {} } = builtInKindSchemas[kind] ?? {};
  const { format } = { ...properties[field] };
  return typeof value === "string" && format === "cel";
};

test.each(Object.keys(readers) as Kind[])(
  "%s: what its runner reads is not refused before",
  (kind) => {
    expect(reads(kind, good[kind])).toBe(true);
    const refused = variants(kind)
      .filter((variant) => reads(kind, variant.config) && !isCondition(kind, variant))
      .flatMap(({ config }) => misfit(kind, config) ?? []);
    expect(refused).toEqual([]);
  },
);

/** What a text or a map says in itself, and of another field, only the runner judges. */
const isOfType = ({ value }: Variant): boolean =>
  typeof value !== "string" &&
  (typeof value !== "object" || value === null || Array.isArray(value));

test.each(Object.keys(readers) as Kind[])(
  "%s: what its runner refuses for its type, or because it is missing, is refused before",
  (kind) => {
    const bad = variants(kind).filter((one) => isOfType(one) && !reads(kind, one.config));
    expect(bad.length).toBeGreaterThan(10);
    const passed = bad.filter(({ config }) => misfit(kind, config) === undefined);
    expect(passed.map(({ field, value }) => ({ field, value }))).toEqual([]);
  },
);
