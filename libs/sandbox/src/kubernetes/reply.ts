// How a request is answered: with JSON, or with a stream. Either way the status is noted the
// moment it is decided, because a watch may last for hours and a client may be killed meanwhile.
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { sendJson } from "../web/serve.ts";

export interface Reply {
  /** Of the object the request is about, for the request log. */
  name: string | undefined;
  json(status: number, body: unknown, headers?: OutgoingHttpHeaders): void;
  /** Sends the headers of a 200 at once; the caller writes and ends. */
  stream(contentType: string): ServerResponse;
  /** From now on the connection breaks where an answer would be. */
  loseAnswer(): void;
}

export function createReply(
  response: ServerResponse,
  note: (answer: { status: number; name: string | undefined }) => void,
): Reply {
  let isLost = false;
  return {
    name: undefined,
    json(status, body, headers = {}) {
      note({ status, name: this.name });
      if (isLost) response.destroy();
      else sendJson(response, status, body, headers);
    },
    stream(contentType) {
      note({ status: 200, name: this.name });
      if (isLost) {
        response.destroy();
        return response;
      }
      response.writeHead(200, { "content-type": contentType, "cache-control": "no-cache" });
      response.flushHeaders();
      return response;
    },
    loseAnswer() {
      isLost = true;
    },
  };
}
