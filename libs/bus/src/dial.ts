// How a connection begins: its settings, and the patience to wait for a broker that is not there yet.
import { inboxPrefixOf } from "@chasqui/contracts";
import { connect, ErrorCode, NatsError, type ConnectionOptions, type NatsConnection } from "nats";
import { BusError, reasonOf } from "./errors.ts";
import type { BusLog } from "./types.ts";

const DIAL_MS_MAX = 5_000;
const RECONNECT_DELAY_MS = 100;
const PING_INTERVAL_MS = 5_000;
const PINGS_UNANSWERED_MAX = 2;
const FIRST_CONNECT_DELAY_MS_MAX = 2_000;

export interface LinkOptions {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly service: string;
  readonly log: BusLog;
  /** False: rejects when the broker is not there. */
  readonly isWaiting?: boolean;
}

function connectionOptions({ url, user, password, service }: LinkOptions): ConnectionOptions {
  return {
    servers: url.split(",").map((server) => server.trim()),
    user,
    pass: password,
    name: service,
    inboxPrefix: inboxPrefixOf(user),
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_DELAY_MS,
    reconnectJitter: RECONNECT_DELAY_MS,
    timeout: DIAL_MS_MAX,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: PINGS_UNANSWERED_MAX,
    // While accounts are being reloaded a good password is refused for a moment: that must not end us.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true, // a stack trace per request costs more than the request
    ...(url.startsWith("tls:") ? { tls: {} } : {}),
  };
}

/** Unless told otherwise, waits for the broker as long as it takes: services and broker start in any order. */
export async function dial(options: LinkOptions): Promise<NatsConnection> {
  for (
    let delayMs = RECONNECT_DELAY_MS;
    ;
    delayMs = Math.min(delayMs * 2, FIRST_CONNECT_DELAY_MS_MAX)
  ) {
    try {
      return await connect(connectionOptions(options));
    } catch (thrown) {
      if (thrown instanceof NatsError && thrown.isAuthError())
        throw new BusError(
          `bus user ${JSON.stringify(options.user)} at ${options.url}: the server refused the login: ` +
            "want a user of its accounts and that user's password",
          { cause: thrown },
        );
      if (options.isWaiting === false || !isUnreachable(thrown))
        throw new BusError(`bus at ${options.url}: not reached: ${reasonOf(thrown)}`, {
          cause: thrown,
        });
      options.log.warn({ url: options.url, err: reasonOf(thrown) }, "bus: waiting for nats-server");
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}

function isUnreachable(thrown: unknown): boolean {
  const codes: readonly string[] = [
    ErrorCode.ConnectionRefused,
    ErrorCode.ConnectionTimeout,
    ErrorCode.Timeout,
    ErrorCode.Disconnect,
    "ECONNRESET",
    "EPIPE",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ETIMEDOUT",
  ];
  // An error of the resolver comes as it is, not as one of the client's.
  return thrown instanceof Error && "code" in thrown && codes.includes(String(thrown.code));
}
