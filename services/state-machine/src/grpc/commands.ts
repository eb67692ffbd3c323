// Commands of people and programs are INBOX messages like every other cause; the caller waits for the verdict that is
// sent after the commit. A time-out says nothing about what happened: the same command again has the same id.
import { fromBinary } from "@bufbuild/protobuf";
import type { Bus, OutMessage } from "@chasqui/bus";
import { BusError } from "@chasqui/bus";
import { RpcCode, RpcError } from "@chasqui/chassis";
import type { CommandVerdict } from "@chasqui/contracts";
import { CommandVerdictSchema } from "@chasqui/contracts";

const VERDICT_MS_MAX = 8_000;

export type Ask = (
  say: (replyTo: string) => OutMessage,
  signal: AbortSignal,
) => Promise<CommandVerdict>;

/** Sends what `say` makes for a reply subject, and waits for the verdict. */
export function createAsk(bus: Bus): Ask {
  return async (say, signal) => {
    const replyTo = bus.inbox();
    const { promise, resolve, reject } = Promise.withResolvers<CommandVerdict>();
    const subscription = bus.subscribePlain(replyTo, (data) =>
      resolve(fromBinary(CommandVerdictSchema, data)),
    );
    const timer = setTimeout(
      () =>
        reject(
          new RpcError(
            RpcCode.DEADLINE_EXCEEDED,
            `no verdict within ${VERDICT_MS_MAX} ms: ask again`,
          ),
        ),
      VERDICT_MS_MAX,
    );
    const abort = (): void => reject(new RpcError(RpcCode.CANCELLED, "the caller went away"));
    signal.addEventListener("abort", abort, { once: true });
    try {
      await bus.publishOne(say(replyTo));
      return await promise;
    } catch (thrown) {
      if (thrown instanceof BusError)
        throw new RpcError(RpcCode.UNAVAILABLE, thrown.message, { cause: thrown });
      throw thrown;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      subscription.unsubscribe();
    }
  };
}

/** The verdict's reason as an error when it is a no. */
export function accepted(verdict: CommandVerdict): CommandVerdict {
  if (!verdict.accepted) throw new RpcError(RpcCode.FAILED_PRECONDITION, verdict.reason);
  return verdict;
}
