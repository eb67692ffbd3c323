// Requests of the bucket clients, through the guarded agent.
import { request } from "undici";
import { CannotAsk } from "../kinds/kind.ts";
import { messageOf, privateAddressIn } from "./guarded-agent.ts";
import type { GuardedAgent } from "./guarded-agent.ts";
import type { Send } from "./object-store.ts";

/** A page of a thousand keys of a thousand bytes, with their metadata. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

export function guardedSend({ agent: dispatcher, check }: GuardedAgent): Send {
  return async ({ method, url, headers }, signal) => {
    try {
      check(url);
      const response = await request(url, { dispatcher, method, headers, signal });
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of response.body) {
        if (!(chunk instanceof Uint8Array)) continue;
        chunks.push(Buffer.from(chunk));
        bytes += chunk.length;
        if (bytes > BODY_BYTES_MAX) throw new Error(`an answer above ${BODY_BYTES_MAX} bytes`);
      }
      const body = Buffer.concat(chunks).toString("utf8");
      return { status: response.statusCode, headers: response.headers, body };
    } catch (error) {
      if (signal.aborted) throw error;
      const refused = privateAddressIn(error);
      if (refused !== undefined) throw new CannotAsk(refused.message, { cause: error });
      throw new Error(`${url.host}: ${messageOf(error)}`, { cause: error });
    }
  };
}
