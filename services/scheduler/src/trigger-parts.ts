// The parts that turn what happens into runs, in the order of need.
import type { Bus } from "@chasqui/bus";
import type { Life, Telemetry } from "@chasqui/chassis";
import type { Sql } from "postgres";
import { createCollector } from "./collect.ts";
import { startEvery } from "./every.ts";
import { createGroupsRound } from "./groups.ts";
import { createTriggerHandler } from "./handle.ts";
import type { Backfiller } from "./backfiller.ts";
import type { Continuer } from "./continue.ts";
import { createHearing } from "./hear.ts";
import type { Learner } from "./learner.ts";
import { startListening } from "./listen.ts";
import type { Listening } from "./listen.ts";
import type { Inbox } from "./ports/inbox.ts";
import type { StateMachine } from "./ports/state-machine.ts";
import { reconcile } from "./reconcile.ts";
import type { Registry } from "./registry.ts";
import type { Sampler } from "./sampling.ts";
import type { Settings } from "./settings.ts";

export interface TriggerDeps {
  readonly sql: Sql;
  readonly ledgers: Sql;
  readonly bus: Bus;
  readonly registry: Registry;
  readonly learner: Learner;
  readonly continuer: Continuer;
  readonly backfiller: Backfiller;
  readonly stateMachine: StateMachine;
  readonly inbox: Inbox;
  readonly sampler: Sampler;
  readonly telemetry: Telemetry;
  readonly now: () => number;
}

const GROUPS_EVERY_MS = 1_000;

export async function startTriggers(
  { settings, log, up, fail }: Life<Settings>,
  deps: TriggerDeps,
): Promise<Listening> {
  const common = { ...deps, log };
  const collector = createCollector(common);
  const handler = createTriggerHandler({ ...common, collector });
  const hearing = createHearing({ ...common, handler });
  const look = createGroupsRound({ ...common, collector });
  await up(
    startEvery({
      name: "groups of events",
      everyMs: GROUPS_EVERY_MS,
      log,
      round: async () => void (await look()),
    }),
  );
  await up(
    startEvery({
      name: "settled runs",
      everyMs: settings.refreshMs,
      log,
      round: async (signal) => void (await reconcile({ ...common, handler }, signal)),
    }),
  );
  const { triggersAtOnce } = settings;
  const listening = await up(startListening({ ...common, handler, hearing, triggersAtOnce, fail }));
  void deps.learner.listed
    .then(() => reconcile({ ...common, handler }))
    .catch((error: unknown) => log.warn({ error }, "settled runs are compared later"));
  return listening;
}
