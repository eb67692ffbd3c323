// The body of an export: gzip or plain, protobuf or JSON → what was exported.
import { gunzipSync } from "node:zlib";
import { HttpError, readBody } from "../web/serve.ts";
import type { HttpCall } from "../web/serve.ts";

const BODY_BYTES_MAX = 16_000_000;
const UNPACKED_BYTES_MAX = 64_000_000;

export interface Encoding<T> {
  readonly fromProtobuf: (body: Buffer) => T;
  readonly fromJson: (body: unknown) => T;
}

/** Decodes the call's body and answers the sender. */
export async function receiveExport<T>(
  call: HttpCall,
  encoding: Encoding<T>,
  keep: (exported: T) => void,
): Promise<void> {
  const { request, response } = call;
  const raw = await readBody(request, BODY_BYTES_MAX);
  const contentType = (request.headers["content-type"] ?? "").split(";")[0]?.trim();
  const json = contentType === "application/json";
  if (!json && contentType !== "application/x-protobuf") {
    throw new HttpError(
      415,
      `content type ${JSON.stringify(contentType)}: want application/x-protobuf or application/json`,
    );
  }
  let exported: T;
  try {
    const gzipped = request.headers["content-encoding"] === "gzip";
    const body = gzipped ? gunzipSync(raw, { maxOutputLength: UNPACKED_BYTES_MAX }) : raw;
    exported = json
      ? encoding.fromJson(JSON.parse(body.toString("utf8")))
      : encoding.fromProtobuf(body);
  } catch (error) {
    throw new HttpError(400, `the export cannot be read: ${String(error)}`);
  }
  keep(exported);
  response.writeHead(200, { "content-type": json ? "application/json" : "application/x-protobuf" });
  response.end(json ? "{}" : ""); // an empty response message: all was taken
}
