// Reading protobuf's wire format, as much of it as OTLP uses. Throws on bytes that are not it.

export interface Field {
  readonly number: number;
  /** Of a varint or a fixed-width field. */
  readonly bits: bigint;
  /** Of a length-delimited field; empty otherwise. */
  readonly bytes: Buffer;
}

const NO_BYTES = Buffer.alloc(0);

/** The fields of a message, in the order they were written. */
export function readFields(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new Error(`protobuf: a varint ends beyond byte ${at}`);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Error(`protobuf: a varint of more than ten bytes before byte ${at}`);
  };
  const take = (length: number): Buffer => {
    if (at + length > message.length) {
      throw new Error(`protobuf: ${length} bytes wanted at ${at}, ${message.length - at} left`);
    }
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0:
        fields.push({ number, bits: varint(), bytes: NO_BYTES });
        break;
      case 1:
        fields.push({ number, bits: take(8).readBigUInt64LE(), bytes: NO_BYTES });
        break;
      case 2:
        fields.push({ number, bits: 0n, bytes: take(Number(varint())) });
        break;
      case 5:
        fields.push({ number, bits: BigInt(take(4).readUInt32LE()), bytes: NO_BYTES });
        break;
      default:
        throw new Error(`protobuf: wire type ${tag & 7} at byte ${at}`);
    }
  }
  return fields;
}

/** int64 as written: two's complement. */
export function signed(bits: bigint): number {
  return Number(BigInt.asIntN(64, bits));
}

export function double(bits: bigint): number {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(bits);
  return bytes.readDoubleLE();
}

/** A packed list of eight-byte numbers. */
export function packed(bytes: Buffer): bigint[] {
  const all: bigint[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 8) all.push(bytes.readBigUInt64LE(at));
  return all;
}
