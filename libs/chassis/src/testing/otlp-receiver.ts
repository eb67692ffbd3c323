// A collector for tests: takes OTLP over HTTP as protobuf and keeps what came, decoded by a reader of its own, so
// that exporter and test do not share a mistake.
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { createServer, type IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Record<string, unknown>;
  readonly links: { readonly traceId: string; readonly spanId: string }[];
  readonly error: string | undefined;
  readonly resource: Record<string, unknown>;
}

export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** Names of metrics, with their unit. */
  readonly metrics: Map<string, string>;
  /** Resolves when the condition holds after some request. */
  until(condition: () => boolean): Promise<void>;
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const metrics = new Map<string, string>();
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      if (request.url === "/v1/traces") spans.push(...spansIn(body));
      if (request.url === "/v1/metrics")
        for (const [name, unit] of metricsIn(body)) metrics.set(name, unit);
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
      for (const look of waiting) look();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    metrics,
    until(condition) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (!condition()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // a request without an encoding yields these
  const body = Buffer.concat(chunks);
  return request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
}

/** A message as what it is on the wire: values by field number. */
type Fields = Map<number, (bigint | number | Uint8Array)[]>;

function fieldsOf(bytes: Uint8Array): Fields {
  const fields: Fields = new Map();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const value = valueOf(reader, type);
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

function valueOf(reader: BinaryReader, type: WireType): bigint | number | Uint8Array {
  switch (type) {
    case WireType.Varint:
      return BigInt(reader.int64());
    case WireType.Bit64:
      return BigInt(reader.fixed64());
    case WireType.Bit32:
      return reader.fixed32();
    case WireType.LengthDelimited:
      return reader.bytes();
    default:
      throw new Error(`wire type ${type}: want none of the old groups`);
  }
}

const messages = (fields: Fields, number: number): Fields[] =>
  (fields.get(number) ?? []).map((value) => fieldsOf(bytesOf(value)));
const bytesOf = (value: unknown): Uint8Array =>
  value instanceof Uint8Array ? value : new Uint8Array();
const text = (fields: Fields, number: number): string =>
  Buffer.from(bytesOf(fields.get(number)?.[0])).toString();
const hex = (fields: Fields, number: number): string =>
  Buffer.from(bytesOf(fields.get(number)?.[0])).toString("hex");
const number = (fields: Fields, field: number): number => Number(fields.get(field)?.[0] ?? 0);

function attributesOf(fields: Fields, field: number): Record<string, unknown> {
  return Object.fromEntries(
    messages(fields, field).map((pair) => {
      const [value] = messages(pair, 2);
      return [text(pair, 1), value === undefined ? undefined : anyValueOf(value)];
    }),
  );
}

function anyValueOf(value: Fields): unknown {
  if (value.has(1)) return text(value, 1);
  if (value.has(2)) return number(value, 2) === 1;
  if (value.has(3)) return number(value, 3);
  if (value.has(4)) {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setBigUint64(0, BigInt(value.get(4)?.[0] as bigint)); // wire type 64 bit, as fieldsOf reads it
    return bits.getFloat64(0);
  }
  return messages(value, 5).flatMap((list) => messages(list, 1).map(anyValueOf));
}

function spansIn(body: Uint8Array): ReceivedSpan[] {
  return messages(fieldsOf(body), 1).flatMap((ofResource) => {
    const [resource] = messages(ofResource, 1).map((fields) => attributesOf(fields, 1));
    return messages(ofResource, 2)
      .flatMap((ofScope) => messages(ofScope, 2))
      .map((span) => spanOf(span, resource ?? {}));
  });
}

function spanOf(span: Fields, resource: Record<string, unknown>): ReceivedSpan {
  const [status] = messages(span, 15);
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentSpanId: hex(span, 4),
    name: text(span, 5),
    kind: number(span, 6),
    startMs: number(span, 7) / 1e6,
    endMs: number(span, 8) / 1e6,
    attributes: attributesOf(span, 9),
    links: messages(span, 13).map((link) => ({ traceId: hex(link, 1), spanId: hex(link, 2) })),
    error: status !== undefined && number(status, 3) === 2 ? text(status, 2) : undefined,
    resource,
  };
}

function metricsIn(body: Uint8Array): [string, string][] {
  return messages(fieldsOf(body), 1)
    .flatMap((ofResource) => messages(ofResource, 2))
    .flatMap((ofScope) => messages(ofScope, 2))
    .map((metric) => [text(metric, 1), text(metric, 3)]);
}
