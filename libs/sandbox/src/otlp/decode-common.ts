// What traces and metrics share in protobuf: attributes and resources.
import type { Attributes, AttributeValue } from "./span.ts";
import { double, readFields, signed } from "./wire.ts";

/** repeated KeyValue, one message after the other. */
export function decodeAttributes(messages: readonly Buffer[]): Attributes {
  const attributes: Record<string, AttributeValue> = {};
  for (const message of messages) {
    let key = "";
    let value: AttributeValue = null;
    for (const field of readFields(message)) {
      if (field.number === 1) key = field.bytes.toString("utf8");
      if (field.number === 2) value = decodeAny(field.bytes);
    }
    attributes[key] = value;
  }
  return attributes;
}

function decodeAny(message: Buffer): AttributeValue {
  for (const { number, bits, bytes } of readFields(message)) {
    switch (number) {
      case 1:
        return bytes.toString("utf8");
      case 2:
        return bits !== 0n;
      case 3:
        return signed(bits);
      case 4:
        return double(bits);
      case 5:
        return readFields(bytes).map((item) => decodeAny(item.bytes));
      case 6:
        return decodeAttributes(readFields(bytes).map((item) => item.bytes));
      case 7:
        return bytes.toString("base64");
    }
  }
  return null;
}

export function decodeResource(message: Buffer): Attributes {
  return decodeAttributes(
    readFields(message)
      .filter(({ number }) => number === 1)
      .map(({ bytes }) => bytes),
  );
}

/** The bytes of each field of that number. */
export function each(message: Buffer, number: number): Buffer[] {
  return readFields(message)
    .filter((field) => field.number === number)
    .map(({ bytes }) => bytes);
}
