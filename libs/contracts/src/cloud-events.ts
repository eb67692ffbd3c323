// CloudEvents 1.0 on NATS: the attributes of the public streams, written and read in one place.
// Facts that a reader may rely on:
//   C1. What `cloudEventHeaders` writes, `readCloudEvent` reads back unchanged, whatever characters it holds.
//   C2. Binary mode carries the attributes in `ce-…` headers; structured mode carries everything in a JSON
//       body, with or without headers, so that a plain PUB of a socket is enough.
//   C3. What is wrong is said in one sentence that names the attribute, its value and what was wanted.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { JsonObject } from "@bufbuild/protobuf";
import { TriggerEventSchema } from "./gen/chasqui/trigger/v1/trigger_pb.ts";
import { triggerMessageIdOf } from "./ids.ts";
import { subjects, token } from "./topology.ts";

export const MEDIA_JSON = "application/json";
export const MEDIA_PROTOBUF = "application/protobuf";
export const MEDIA_CLOUD_EVENT = "application/cloudevents+json";
export const TRIGGER_TYPE = "chasqui.trigger.v1.TriggerEvent";

/** What CloudEvents calls context attributes; the ones Chasqui writes and reads. */
export interface CloudEventAttributes {
  /** Unique within `source`: both together are the event's identity. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  /** RFC 3339. */
  readonly time?: string;
  readonly dataContentType?: string;
  /** Extension `correlationid`: the run. */
  readonly correlationId?: string;
  /** Extension `causationid`: the message that caused this one. */
  readonly causationId?: string;
}

export interface CloudEvent extends CloudEventAttributes {
  readonly traceparent: string | undefined;
  /** The body: bytes in binary mode, a JSON value or bytes in structured mode. */
  readonly data:
    | { readonly form: "bytes"; readonly bytes: Uint8Array }
    | { readonly form: "json"; readonly value: unknown };
}

/** What was wrong with a message that is no CloudEvent. */
export class CloudEventError extends Error {
  override readonly name = "CloudEventError";
}

const attributeNames = {
  id: "id",
  source: "source",
  type: "type",
  subject: "subject",
  time: "time",
  dataContentType: "datacontenttype",
  correlationId: "correlationid",
  causationId: "causationid",
} as const satisfies Record<keyof CloudEventAttributes, string>;
const attributeKeys = ["id", "source", "type", "subject", "time"] as const;
const optionalKeys = ["dataContentType", "correlationId", "causationId"] as const;

/** The headers of binary mode. */
export function cloudEventHeaders(attributes: CloudEventAttributes): Record<string, string> {
  const headers: Record<string, string> = { "ce-specversion": "1.0" };
  for (const key of [...attributeKeys, ...optionalKeys]) {
    const value = attributes[key];
    if (value !== undefined) headers[`ce-${attributeNames[key]}`] = percentEncoded(value);
  }
  return headers;
}

/** Reads a message in binary or structured mode. Throws CloudEventError. */
export function readCloudEvent(message: {
  readonly data: Uint8Array;
  header(name: string): string | undefined;
}): CloudEvent {
  const version = message.header("ce-specversion");
  const mediaType = message.header("content-type") ?? "";
  if (version !== undefined && !isStructured(mediaType)) return readBinary(message, version);
  if (isStructured(mediaType) || mediaType === "") return readStructured(message);
  throw new CloudEventError(
    `no header ce-specversion, and content-type is ${JSON.stringify(mediaType)}: ` +
      `want "ce-specversion: 1.0" with the other ce- headers, or content-type ${MEDIA_CLOUD_EVENT}`,
  );
}

function readBinary(
  message: { readonly data: Uint8Array; header(name: string): string | undefined },
  version: string,
): CloudEvent {
  const attribute = (name: string): string | undefined => {
    const value = message.header(`ce-${name}`);
    return value === undefined ? undefined : percentDecoded(value);
  };
  return {
    ...attributesFrom((name) => (name === "specversion" ? version : attribute(name)), "header ce-"),
    traceparent: message.header("traceparent") ?? attribute("traceparent"),
    data: { form: "bytes", bytes: message.data },
  };
}

function readStructured(message: {
  readonly data: Uint8Array;
  header(name: string): string | undefined;
}): CloudEvent {
  const event = parseJsonObject(message.data);
  if (event === undefined)
    throw new CloudEventError(
      "no header ce-specversion, and the body is not a JSON object: " +
        "want ce- headers (binary mode) or a CloudEvent in JSON (structured mode)",
    );
  const attribute = (name: string): string | undefined => {
    const value = event[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string") return value;
    throw new CloudEventError(`attribute ${name} is ${JSON.stringify(value)}: want a string`);
  };
  const attributes = attributesFrom(attribute, "attribute ");
  const base64 = attribute("data_base64");
  return {
    ...attributes,
    traceparent: message.header("traceparent") ?? attribute("traceparent"),
    data:
      base64 === undefined
        ? { form: "json", value: event["data"] }
        : { form: "bytes", bytes: new Uint8Array(Buffer.from(base64, "base64")) },
  };
}

function attributesFrom(
  read: (name: string) => string | undefined,
  where: string,
): CloudEventAttributes {
  const version = read("specversion");
  if (version !== "1.0") {
    const had = version === undefined ? "missing" : JSON.stringify(version);
    throw new CloudEventError(`${where}specversion is ${had}: want 1.0`);
  }
  const required = (name: string): string => {
    const value = read(name);
    if (value !== undefined && value !== "") return value;
    throw new CloudEventError(`${where}${name} is ${value === "" ? "empty" : "missing"}`);
  };
  const rest: Record<string, string> = {};
  for (const key of ["subject", "time", ...optionalKeys] as const) {
    const value = read(attributeNames[key]);
    if (value !== undefined) rest[key] = value;
  }
  return { id: required("id"), source: required("source"), type: required("type"), ...rest };
}

const isStructured = (mediaType: string): boolean =>
  mediaType.toLowerCase().startsWith("application/cloudevents");

function parseJsonObject(data: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? { ...value }
      : undefined;
  } catch {
    return undefined;
  }
}

/** CloudEvents' rule for header values: everything but printable ASCII, and `"`, `%` and space, is percent-encoded. */
function percentEncoded(value: string): string {
  return value.replaceAll(/[^\x21\x23\x24\x26-\x7e]+/gu, (text) => {
    let encoded = "";
    for (const byte of new TextEncoder().encode(text.toWellFormed()))
      encoded += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    return encoded;
  });
}

function percentDecoded(value: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // a publisher that does not encode its percent signs means them literally
  }
}

/** What a service publishes to start runs. */
export interface TriggerInit {
  /** The first token of the subject; the bus user `source-<source>` may publish there only. */
  readonly source: string;
  /** What happened, below the source: `routes.closed` becomes chasqui.trigger.<source>.routes.closed. */
  readonly name: string;
  /** Unique in the source; publishing it again starts nothing again. Derive it from what happened. */
  readonly id: string;
  readonly data?: JsonObject;
  /** When it happened; the logical time of the run. Absent means when Chasqui reads it. */
  readonly time?: Date;
  /** CloudEvents' type; absent means chasqui.trigger.v1.TriggerEvent. */
  readonly type?: string;
  /** W3C traceparent of the publisher's span: the run continues its trace. */
  readonly traceparent?: string;
  readonly encoding?: "json" | "protobuf";
}

export interface TriggerMessage {
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Builds everything a publisher hands to its NATS client; the headers include Nats-Msg-Id. */
export function triggerMessage(init: TriggerInit): TriggerMessage {
  const encoding = init.encoding ?? "json";
  if (init.id === "") throw new TypeError(`trigger of ${init.source}: the id is empty`);
  const headers = cloudEventHeaders({
    id: init.id,
    source: token(init.source),
    type: init.type ?? TRIGGER_TYPE,
    ...(init.time === undefined ? {} : { time: init.time.toISOString() }),
    dataContentType: encoding === "json" ? MEDIA_JSON : MEDIA_PROTOBUF,
  });
  return {
    subject: subjects.trigger(`${init.source}.${init.name}`),
    headers: {
      ...headers,
      ...(init.traceparent === undefined ? {} : { traceparent: init.traceparent }),
      "Nats-Msg-Id": triggerMessageIdOf(init.source, init.id),
    },
    body:
      encoding === "json"
        ? new TextEncoder().encode(JSON.stringify(init.data ?? {}))
        : toBinary(TriggerEventSchema, create(TriggerEventSchema, { data: init.data ?? {} })),
  };
}

/** The data of a trigger as JSON, whatever its form and encoding. Throws CloudEventError. */
export function triggerData(event: CloudEvent): unknown {
  if (event.data.form === "json") return event.data.value;
  const { bytes } = event.data;
  const mediaType = (event.dataContentType ?? MEDIA_JSON).split(";", 1)[0]?.trim().toLowerCase();
  if (mediaType === MEDIA_PROTOBUF || mediaType === "application/x-protobuf") {
    try {
      return fromBinary(TriggerEventSchema, bytes).data ?? {};
    } catch (error) {
      throw new CloudEventError(`the body is not a ${TRIGGER_TYPE} in protobuf: ${String(error)}`);
    }
  }
  if (mediaType !== MEDIA_JSON && mediaType?.endsWith("+json") !== true)
    throw new CloudEventError(
      `data content type ${JSON.stringify(event.dataContentType)}: want ${MEDIA_JSON} or ${MEDIA_PROTOBUF}`,
    );
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CloudEventError(`the body is not JSON in UTF-8: ${message}`);
  }
}
