// The bus as its administrator sees it: how much each consumer has before it, what died, and the one setting that
// ops may change and tests do.
import { openAdmin } from "../../../libs/bus/src/admin-link.ts";
import { listDead, type DeadLetter } from "../../../libs/bus/src/index.ts";
import { createKinds } from "../../../libs/bus/src/kinds.ts";
import { Publisher } from "../../../libs/bus/src/publisher.ts";
import { putConsumer } from "../../../libs/bus/src/jetstream-api.ts";
import { consumerConfig } from "../../../libs/bus/src/topology-config.ts";
import {
  ADMIN_USER,
  consumersOf,
  jetStreamSubjects,
  type Installation,
} from "../../../libs/contracts/src/index.ts";

const NANOSECONDS_PER_MS = 1_000_000;

export interface BusAdmin {
  /** "durable: 3 pending, 1 held" of each consumer of these services that is not through. */
  leftovers(owners: ReadonlySet<string>): Promise<string[]>;
  deadLetters(): Promise<DeadLetter[]>;
  /** Task kinds that runners announced. */
  kinds(): Promise<string[]>;
  /** How long a message of a dead process waits until it comes again; services learn it when they start. */
  setAckWait(ms: number): Promise<void>;
}

export function busAdmin(about: {
  readonly url: string;
  readonly password: string;
  readonly installation: Installation;
}): BusAdmin {
  const login = { url: about.url, user: ADMIN_USER, password: about.password } as const;
  const consumers = Object.entries(consumersOf(about.installation));
  return {
    async leftovers(owners) {
      const link = await openAdmin(login);
      try {
        const lines: string[] = [];
        for (const [durable, { stream, owner }] of consumers) {
          if (!owners.has(owner)) continue;
          const info = await link.request(jetStreamSubjects.consumerInfo(stream, durable));
          const { num_pending: pending, num_ack_pending: held } = info as {
            num_pending: number;
            num_ack_pending: number;
          };
          if (pending + held > 0) lines.push(`${durable}: ${pending} pending, ${held} held`);
        }
        return lines;
      } finally {
        await link.drain();
      }
    },
    deadLetters: () => listDead({ ...login, limit: 100 }),
    async kinds() {
      const link = await openAdmin(login);
      try {
        const publisher = new Publisher(link, () => undefined);
        return (await createKinds(link, publisher).list()).map(({ kind }) => kind);
      } finally {
        await link.drain();
      }
    },
    async setAckWait(ms) {
      const link = await openAdmin(login);
      try {
        for (const [durable, spec] of consumers) {
          const config = { ...consumerConfig(durable, spec), ack_wait: ms * NANOSECONDS_PER_MS };
          await putConsumer(link, spec.stream, config);
        }
      } finally {
        await link.drain();
      }
    },
  };
}
