// What the monkey can do. Each strike begins and ends with everything up: what it breaks, it starts again.
import { setTimeout as delay } from "node:timers/promises";
import type { World } from "@chasqui/sandbox";
import { mailFault, mailWell } from "../e2e/support/outside.ts";
import type { Random } from "../support/random.ts";

export interface Strike {
  readonly name: string;
  /** How often it is picked, beside the others. */
  readonly weight: number;
  act(world: World, random: Random): Promise<void>;
}

const DOWN_MS_MAX = 600;
const PAUSE_MS_MAX = 3_000;
/** Longer than the ack-wait of any durable: what it holds comes again, to itself. */
const STILL_MS = 33_000;
const MAIL_TROUBLE_MS_MAX = 2_000;
const STOP_MS = 15_000;

const pause = (random: Random, msMax: number): Promise<void> => delay(random.next() * msMax);

export const strikes: readonly Strike[] = [
  {
    name: "SIGKILL of a service",
    weight: 10,
    async act(world, random) {
      const service = random.pick([...world.services.values()]);
      await service.kill();
      await pause(random, DOWN_MS_MAX);
      await service.start();
    },
  },
  {
    name: "SIGKILL of two services at once",
    weight: 3,
    async act(world, random) {
      const all = [...world.services.values()];
      const two = new Set([random.pick(all), random.pick(all)]);
      await Promise.all([...two].map((service) => service.kill()));
      await pause(random, DOWN_MS_MAX);
      for (const service of two) await service.start();
    },
  },
  {
    name: "SIGTERM of a service",
    weight: 4,
    async act(world, random) {
      const service = random.pick([...world.services.values()]);
      await service.stop(STOP_MS);
      await service.start();
    },
  },
  {
    name: "SIGSTOP of a service",
    weight: 3,
    async act(world, random) {
      const service = random.pick([...world.services.values()]);
      service.signal("SIGSTOP");
      await pause(random, PAUSE_MS_MAX);
      service.signal("SIGCONT");
    },
  },
  {
    name: "SIGSTOP of a service for longer than the ack-wait",
    weight: 1,
    async act(world, random) {
      const service = random.pick([...world.services.values()]);
      service.signal("SIGSTOP");
      await delay(STILL_MS);
      service.signal("SIGCONT");
    },
  },
  {
    name: "SIGKILL of nats-server",
    weight: 3,
    async act({ nats }, random) {
      await nats.kill();
      await pause(random, DOWN_MS_MAX);
      await nats.restart();
    },
  },
  {
    name: "SIGSTOP of nats-server",
    weight: 2,
    async act({ nats }, random) {
      await nats.pause();
      await pause(random, PAUSE_MS_MAX);
      await nats.resume();
    },
  },
  {
    name: "SIGKILL of PostgreSQL",
    weight: 3,
    async act({ postgres }, random) {
      await postgres.kill();
      await pause(random, DOWN_MS_MAX);
      await postgres.restart();
    },
  },
  {
    name: "PostgreSQL restarted at once",
    weight: 1,
    act: ({ postgres }) => postgres.restart("immediate"),
  },
  { name: "the JetStream store lost", weight: 1, act: ({ nats }) => nats.wipeStore() },
  {
    name: "answers to mails late or lost",
    weight: 3,
    async act(world, random) {
      const ms = 300 + random.next() * 700;
      await mailFault(world, { mode: random.pick(["slow", "drop-after-data"]), ms, times: 4 });
      await pause(random, MAIL_TROUBLE_MS_MAX);
      await mailWell(world);
    },
  },
];

/** One of all, by weight. */
export function pickStrike(random: Random): Strike {
  return random.pick(strikes.flatMap((strike) => Array<Strike>(strike.weight).fill(strike)));
}
