// Server-sent events for the viewers: one hub, many open pages.
import type { ServerResponse } from "node:http";

const PAGES_MAX = 100;
const QUEUED_BYTES_MAX = 1_000_000;

export interface LiveHub {
  /** Turns this response into an event stream. */
  join(response: ServerResponse): void;
  send(event: string, data: unknown): void;
  readonly pages: number;
}

export function createLiveHub(): LiveHub {
  const pages = new Set<ServerResponse>();
  return {
    get pages() {
      return pages.size;
    },
    join(response) {
      if (pages.size >= PAGES_MAX) {
        response.writeHead(503, { "retry-after": "5" }).end();
        return;
      }
      response.writeHead(200, {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
      });
      response.write(": open\n\n");
      pages.add(response);
      response.on("close", () => pages.delete(response));
    },
    send(event, data) {
      const frame = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
      for (const page of pages) {
        // A page that does not read is closed; the browser opens the stream again by itself.
        if (page.writableLength > QUEUED_BYTES_MAX) page.destroy();
        else page.write(frame);
      }
    },
  };
}
