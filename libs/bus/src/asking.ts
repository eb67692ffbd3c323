// Questions between services that stand now, on plain subjects: nothing is stored, an answer comes in time or not at
// all. For what must not be lost there are streams.
import { BusError, reasonOf } from "./errors.ts";
import type { Link } from "./link.ts";
import type { AskOptions, Subscribed } from "./types.ts";

const NO_RESPONDERS = 503;

export async function ask(
  { nc, state }: Link,
  subject: string,
  data: Uint8Array,
  { timeoutMs, answerTo }: AskOptions,
): Promise<Uint8Array> {
  // A question that waits for a connection would be asked when nobody listens for its answer any more.
  if (state !== "connected") throw new BusError(`ask ${subject}: not connected`);
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const refuse = (why: string, cause?: unknown): void =>
    reject(new BusError(`ask ${subject}: ${why}`, { cause }));
  const subscription = nc.subscribe(answerTo, {
    max: 1,
    callback: (error, message) => {
      if (error !== null) refuse(reasonOf(error), error);
      else if (message.headers?.code === NO_RESPONDERS) refuse("nobody answers there now");
      else resolve(message.data);
    },
  });
  const timer = setTimeout(() => refuse(`no answer within ${timeoutMs} ms`), timeoutMs);
  try {
    nc.publish(subject, data, { reply: answerTo });
    return await promise;
  } finally {
    clearTimeout(timer);
    subscription.unsubscribe();
  }
}

/** A handler that fails answers nothing: whoever asked hears that by the time-out. */
export function answer(
  link: Link,
  subject: string,
  handle: (data: Uint8Array) => Promise<Uint8Array>,
): Subscribed {
  const { nc, log, user } = link;
  const listening = nc.subscribe(subject, {
    queue: user,
    callback: (error, message) => {
      if (error !== null)
        return log.error({ subject, err: reasonOf(error) }, "bus: subscription ended");
      handle(message.data).then(
        (data) => void message.respond(data),
        (thrown: unknown) => log.error({ subject, err: reasonOf(thrown) }, "bus: no answer"),
      );
    },
  });
  return { established: () => nc.flush(), unsubscribe: () => listening.unsubscribe() };
}
