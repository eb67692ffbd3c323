import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { RejectError } from "@chasqui/bus";
import { Catchup, DagAppliedSchema, DagSchema, triggerMessage } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { newsOf, parseDagApplied, parseTrigger, TRIGGER_DATA_BYTES_MAX } from "./translate.ts";

const SUBJECT = "chasqui.trigger.logistics.routes.closed";
const headers = {
  "ce-specversion": "1.0",
  "ce-id": "7",
  "ce-source": "logistics",
  "ce-type": "routes.closed",
};

function parse(changes: Record<string, string | undefined>, body = "{}", subject = SUBJECT) {
  const all: Record<string, string | undefined> = { ...headers, ...changes };
  const data = new TextEncoder().encode(body);
  return parseTrigger({ subject, data, publishedMs: 5_000, header: (name) => all[name] });
}

test("a trigger as the helper makes it", () => {
  const built = triggerMessage({
    source: "logistics",
    name: "routes.closed",
    id: "routes-7",
    data: { country: "CO" },
    time: new Date(1_000),
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  });
  const parsed = parseTrigger({
    subject: built.subject,
    data: built.body,
    publishedMs: 5_000,
    header: (name) => built.headers[name],
  });
  expect(parsed).toEqual({
    trigger: {
      source: "logistics",
      id: "routes-7",
      type: "chasqui.trigger.v1.TriggerEvent",
      path: "logistics.routes.closed",
      timeMs: 1_000,
      logicalMs: 1_000,
      data: { country: "CO" },
      about: { kind: "event" },
    },
    parent: {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      sampled: true,
    },
  });
});

test("without ce-time it happened when the stream took it", () => {
  expect(parse({}).trigger.timeMs).toBe(5_000);
});

test.each(["logistics", "/logistics", "logistics/bogota", "/logistics/bogota/routes"])(
  "source %s agrees with the subject",
  (source) => {
    expect(parse({ "ce-source": source }).trigger.source).toBe(source);
  },
);

test.each<[string, Record<string, string | undefined>, string, RegExp]>([
  [
    "another's name",
    { "ce-source": "finance" },
    "{}",
    /"finance" and the subject is .*want the source "logistics"/,
  ],
  [
    "a name that only begins alike",
    { "ce-source": "logistics2" },
    "{}",
    /want the source "logistics"/,
  ],
  [
    "a source with a space",
    { "ce-source": "logistics%20x" },
    "{}",
    /ce-source is "logistics x": want/,
  ],
  ["an endless source", { "ce-source": `logistics/${"x".repeat(300)}` }, "{}", /want 1 to 256/],
  ["an id with a line break", { "ce-id": "a%0Ab" }, "{}", /ce-id is "a\\nb", 3 characters/],
  ["an endless id", { "ce-id": "x".repeat(257) }, "{}", /257 characters: want 1 to 256/],
  ["no type", { "ce-type": undefined }, "{}", /ce-type is missing/],
  ["a time without a zone", { "ce-time": "2026-11-22T19:00:00" }, "{}", /want RFC 3339/],
  ["a time that is none", { "ce-time": "2026-13-45T19:00:00Z" }, "{}", /want RFC 3339/],
  ["a list", {}, "[1]", /the data is a list: want a JSON object/],
  ["a text", {}, '"CO"', /the data is a string: want a JSON object/],
  ["half a body", {}, '{"country":', /the body is not JSON/],
  ["too much", {}, `{"a":"${"x".repeat(TRIGGER_DATA_BYTES_MAX)}"}`, /bytes: want at most 262144/],
])("%s is rejected with a reason", (_, changes, body, reason) => {
  expect(() => parse(changes, body)).toThrow(RejectError);
  expect(() => parse(changes, body)).toThrow(reason);
});

test("a NUL is nobody's meaning and does not reach the database", () => {
  expect(parse({}, '{"a\\u0000":["b\\u0000c"]}').trigger.data).toEqual({ a: ["bc"] });
});

test("no data is an empty object", () => {
  expect(parse({}, "null").trigger.data).toEqual({});
  expect(parse({}, "").trigger.data).toEqual({});
});

const dag = create(DagSchema, {
  dagId: "costs",
  version: 3,
  appliedTime: timestampFromMs(1_000),
  spec: {
    id: "costs",
    schedule: { crons: ["0 19 * * *"], timezone: "America/Bogota", start: "2026-01-01T00:00:00Z" },
    triggers: [
      {
        on: {
          condition: { case: "event", value: { subject: "logistics.routes.closed", when: "true" } },
        },
        key: "k",
      },
    ],
  },
});
const applied = (value: typeof dag | undefined): Uint8Array =>
  toBinary(DagAppliedSchema, create(DagAppliedSchema, value === undefined ? {} : { dag: value }));

test("what a DAG says about itself; catch-up is latest unless it says otherwise", () => {
  expect(newsOf(dag)).toEqual({
    dagId: "costs",
    version: 3,
    appliedMs: 1_000,
    paused: false,
    retired: false,
    was: [],
    timezone: "America/Bogota",
    timing: {
      crons: ["0 19 * * *"],
      timezone: "America/Bogota",
      dates: [],
      excludes: [],
      startMs: Date.parse("2026-01-01T00:00:00Z"),
    },
    policy: { catchup: "latest", runsFor: "tick" },
    rules: [
      {
        id: expect.stringMatching(/^rule-[0-9a-z]{26}$/),
        on: { kind: "event", subject: "logistics.routes.closed", when: "true" },
        key: "k",
        params: {},
      },
    ],
    params: undefined,
  });
});

test.each([
  ["none", Catchup.NONE],
  ["latest", Catchup.LATEST],
  ["all", Catchup.ALL],
])("catch-up %s", (word, catchup) => {
  const spec = { id: "costs", schedule: { crons: ["0 0 * * *"], catchup } };
  const init = { dagId: "costs", version: 1, appliedTime: timestampFromMs(0), spec };
  expect(newsOf(create(DagSchema, init))).toMatchObject({
    policy: { catchup: word },
    timing: { timezone: "UTC" },
  });
});

test("half a DAG, or a time that is none, is rejected", () => {
  expect(() => newsOf(create(DagSchema, { dagId: "x" }))).toThrow(/DAG "x", version 0/);
  const spec = { id: "costs", schedule: { crons: ["0 0 * * *"], start: "yesterday" } };
  const init = { dagId: "costs", version: 1, appliedTime: timestampFromMs(0), spec };
  expect(() => newsOf(create(DagSchema, init))).toThrow(/schedule.start is "yesterday": want RFC/);
});

test("an event says which DAG to ask for", () => {
  expect(parseDagApplied(applied(dag))).toBe("costs");
  expect(() => parseDagApplied(new Uint8Array([0xff]))).toThrow(/not a chasqui.dag.v1.DagApplied/);
  expect(() => parseDagApplied(applied(undefined))).toThrow(/without a DAG/);
});
