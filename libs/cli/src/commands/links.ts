// Addresses of the console, for people to open.
import type { Server } from "../server.ts";

export const runUrl = (server: Pick<Server, "url">, runId: string): string =>
  `${server.url}/runs/${runId}`;
