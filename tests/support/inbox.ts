// In the place of the state machine: reads the INBOX as it does, message by message, bundled or not.
//   const reading = await readInbox(bus, async ({ data }) => …);
import type { BatchItem, Bus } from "../../libs/bus/src/index.ts";
import { inboxDurable, PARTITIONS } from "../../libs/contracts/src/index.ts";

const AGAIN_MS = 100;

/** One message after the other; what its handler rejects comes again. */
export async function readInbox(
  bus: Pick<Bus, "consumeBatches">,
  handle: (item: BatchItem) => Promise<void> | void,
): Promise<AsyncDisposable> {
  const durables = Array.from({ length: PARTITIONS }, (_, partition) => inboxDurable(partition));
  const source = await bus.consumeBatches(durables, { batchMax: 100 });
  async function workOff(): Promise<void> {
    for (;;) {
      const items = await source.next();
      if (items.length === 0) return;
      for (const item of items) await settle(item);
    }
  }
  async function settle(item: BatchItem): Promise<void> {
    try {
      await handle(item);
      item.ack();
    } catch {
      item.retry(AGAIN_MS);
    }
  }
  const working = workOff();
  return {
    async [Symbol.asyncDispose]() {
      await source.stop();
      await working;
    },
  };
}
