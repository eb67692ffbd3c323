// One connection, as the rest of the bus sees it: whether it stands, who wants to know, and the API of JetStream.
// Invariants:
//   L1. It reconnects for ever; only `close` or `drain` ends it. A wrong password at the start rejects.
//   L2. No listener's mistake reaches the client: an error thrown into its reader would end the reading silently.
//   L3. A broker that stands still is noticed within 15 s: it is pinged, not trusted.
import { randomBytes } from "node:crypto";
import { inboxPrefixOf } from "@chasqui/contracts";
import {
  ErrorCode,
  Events,
  NatsError,
  type Msg,
  type NatsConnection,
  type Status,
  type Subscription,
} from "nats";
import { dial, type LinkOptions } from "./dial.ts";
import { BusError, JetStreamError, reasonOf } from "./errors.ts";
import { Listeners, type Unlisten } from "./listeners.ts";
import type { BusLog } from "./types.ts";

const REQUEST_MS_MAX = 5_000;
const DRAIN_MS_MAX = 3_000;

export interface Link {
  readonly nc: NatsConnection;
  readonly user: string;
  readonly log: BusLog;
  readonly state: "connected" | "reconnecting" | "closed";
  /** A subject below the user's inbox that nobody else has. */
  inbox(): string;
  /** Each returns how to listen no more. */
  onDisconnect(listener: () => void): Unlisten;
  onReconnect(listener: () => void): Unlisten;
  /** The server refused a publish to this subject, some time ago. */
  onForbidden(listener: (subject: string) => void): Unlisten;
  /** A subscription whose handler may throw; the error is logged. */
  subscribe(subject: string, handle: (message: Msg) => void): Subscription;
  /** Asks the JetStream API. Throws JetStreamError for its errors, BusError when there is no answer. */
  request(subject: string, body?: object): Promise<object>;
  /** The same for an answer that is a message, not JSON. */
  requestMessage(subject: string, body?: object): Promise<Msg>;
  drain(): Promise<void>;
}

class NatsLink implements Link {
  readonly nc: NatsConnection;
  readonly user: string;
  readonly log: BusLog;
  #state: Link["state"] = "connected";
  #isClosing = false;
  readonly #disconnected = new Listeners<[]>();
  readonly #reconnected = new Listeners<[]>();
  readonly #forbidden = new Listeners<[subject: string]>();

  constructor(nc: NatsConnection, { user, log }: LinkOptions) {
    this.nc = nc;
    this.user = user;
    this.log = log;
    void this.#watch();
    void nc.closed().then((error) => {
      this.#state = "closed";
      this.#disconnected.tell(log);
      if (!this.#isClosing) log.error({ err: reasonOf(error) }, "bus: connection closed");
    });
  }

  get state(): Link["state"] {
    return this.#state;
  }

  inbox(): string {
    return `${inboxPrefixOf(this.user)}.${randomBytes(8).toString("hex")}`;
  }

  onDisconnect(listener: () => void): Unlisten {
    return this.#disconnected.add(listener);
  }
  onReconnect(listener: () => void): Unlisten {
    return this.#reconnected.add(listener);
  }
  onForbidden(listener: (subject: string) => void): Unlisten {
    return this.#forbidden.add(listener);
  }

  subscribe(subject: string, handle: (message: Msg) => void): Subscription {
    return this.nc.subscribe(subject, {
      callback: (error, message) => {
        try {
          if (error === null) handle(message);
          else this.log.error({ subject, err: reasonOf(error) }, "bus: subscription ended");
        } catch (thrown) {
          this.log.error({ subject, err: reasonOf(thrown) }, "bus: a subscriber threw");
        }
      },
    });
  }

  async request(subject: string, body?: object): Promise<object> {
    return parseAnswer(await this.requestMessage(subject, body), subject);
  }

  async requestMessage(subject: string, body?: object): Promise<Msg> {
    if (this.#state !== "connected") throw new BusError(`request ${subject}: not connected`);
    // The client would wait for its time-out although the answer can no longer come.
    const lost = Promise.withResolvers<never>();
    const unlisten = this.onDisconnect(() => lost.reject(new Error("disconnected")));
    const data = body === undefined ? "" : JSON.stringify(body);
    const answer = this.nc.request(subject, data, { timeout: REQUEST_MS_MAX });
    try {
      return await Promise.race([answer, lost.promise]);
    } catch (thrown) {
      answer.catch(() => undefined);
      throw new BusError(`request ${subject}: ${noAnswer(thrown, this.user)}`, { cause: thrown });
    } finally {
      unlisten();
    }
  }

  async drain(): Promise<void> {
    const { nc } = this;
    if (!this.#isClosing) {
      this.#isClosing = true;
      // Without a connection there is nothing to flush, and draining would wait for one.
      const drained = this.#state === "connected" ? nc.drain() : nc.close();
      const timer = setTimeout(() => void nc.close(), DRAIN_MS_MAX);
      await drained.catch(() => undefined);
      clearTimeout(timer);
    }
    await nc.closed();
  }

  async #watch(): Promise<void> {
    for await (const status of this.nc.status()) this.#onStatus(status);
  }

  #onStatus(status: Status): void {
    const { log, user } = this;
    if (status.type === Events.Disconnect) {
      this.#state = "reconnecting";
      log.warn({ server: status.data }, "bus: disconnected");
      this.#disconnected.tell(log);
    } else if (status.type === Events.Reconnect) {
      this.#state = "connected";
      log.info({ server: status.data }, "bus: connected again");
      this.#reconnected.tell(log);
    } else if (status.permissionContext !== undefined) {
      const { operation, subject } = status.permissionContext;
      log.error({ user, operation, subject }, "bus: the server refused a subject to this user");
      if (operation === "publish") this.#forbidden.tell(log, subject);
    } else if (status.type === Events.Error)
      log.warn({ code: status.data }, "bus: the server reported an error");
  }
}

/** Connects, however long the broker takes to come; rejects when it refuses the login. */
export const openLink = async (options: LinkOptions): Promise<Link> =>
  new NatsLink(await dial(options), options);

/** Asking again is of no use: the user's rights are what they are. */
export const isForbidden = (thrown: unknown): boolean =>
  thrown instanceof BusError &&
  thrown.cause instanceof NatsError &&
  thrown.cause.code === ErrorCode.PermissionsViolation.toString();

function noAnswer(thrown: unknown, user: string): string {
  const code = thrown instanceof NatsError ? thrown.code : "";
  if (code === ErrorCode.PermissionsViolation) return `user ${user} may not ask it`;
  if (code === ErrorCode.Timeout) return `no answer within ${REQUEST_MS_MAX} ms`;
  if (code === ErrorCode.NoResponders)
    return "nobody answers there: want a server with JetStream enabled for this account";
  return reasonOf(thrown);
}

function parseAnswer(message: Msg, subject: string): object {
  const value: unknown = JSON.parse(message.string());
  if (typeof value !== "object" || value === null)
    throw new BusError(
      `request ${subject}: answered ${message.string().slice(0, 100)}: want an object`,
    );
  if ("error" in value) {
    const error = value.error as { description?: string; err_code?: number; code?: number };
    const code = error.err_code ?? error.code ?? 0;
    throw new JetStreamError(
      `${subject}: ${error.description ?? "no description"} (${code})`,
      code,
    );
  }
  return value;
}
