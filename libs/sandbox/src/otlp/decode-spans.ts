// ExportTraceServiceRequest in protobuf → spans.
import { decodeAttributes, decodeResource, each } from "./decode-common.ts";
import { kindOf, serviceOf, statusOf } from "./span.ts";
import type { Attributes, SpanEvent, SpanLink, SpanRecord } from "./span.ts";
import { readFields } from "./wire.ts";

export function decodeSpans(request: Buffer): SpanRecord[] {
  return each(request, 1).flatMap((resourceSpans) => {
    const resource = each(resourceSpans, 1).map(decodeResource).at(-1) ?? {};
    return each(resourceSpans, 2).flatMap((scopeSpans) => {
      const scope = each(scopeSpans, 1)
        .flatMap((message) => each(message, 1))
        .map((bytes) => bytes.toString("utf8"));
      return each(scopeSpans, 2).map((span) => decodeSpan(span, resource, scope.at(-1) ?? ""));
    });
  });
}

function decodeSpan(message: Buffer, resource: Attributes, scope: string): SpanRecord {
  const text: Record<number, string> = {};
  const numbers: Record<number, bigint> = {};
  const attributes: Buffer[] = [];
  const events: SpanEvent[] = [];
  const links: SpanLink[] = [];
  let status = { code: 0, message: "" };
  for (const { number, bits, bytes } of readFields(message)) {
    if (number === 9) attributes.push(bytes);
    else if (number === 11) events.push(decodeEvent(bytes));
    else if (number === 13) links.push(decodeLink(bytes));
    else if (number === 15) status = decodeStatus(bytes);
    else if (number === 5) text[number] = bytes.toString("utf8");
    else if (number <= 4) text[number] = bytes.toString("hex");
    else numbers[number] = bits;
  }
  return {
    trace: text[1] ?? "",
    span: text[2] ?? "",
    parent: text[4] ?? "",
    name: text[5] ?? "",
    kind: kindOf(Number(numbers[6] ?? 0n)),
    service: serviceOf(resource),
    start: String(numbers[7] ?? 0n),
    end: String(numbers[8] ?? 0n),
    status: statusOf(status.code),
    message: status.message,
    attributes: decodeAttributes(attributes),
    resource,
    scope,
    events,
    links,
  };
}

function decodeEvent(message: Buffer): SpanEvent {
  const fields = readFields(message);
  return {
    time: String(fields.find(({ number }) => number === 1)?.bits ?? 0n),
    name: fields.find(({ number }) => number === 2)?.bytes.toString("utf8") ?? "",
    attributes: decodeAttributes(each(message, 3)),
  };
}

function decodeLink(message: Buffer): SpanLink {
  const hex = (number: number) => each(message, number).at(-1)?.toString("hex") ?? "";
  return { trace: hex(1), span: hex(2), attributes: decodeAttributes(each(message, 4)) };
}

function decodeStatus(message: Buffer): { code: number; message: string } {
  const code = readFields(message).find(({ number }) => number === 3)?.bits ?? 0n;
  return { code: Number(code), message: each(message, 2).at(-1)?.toString("utf8") ?? "" };
}
