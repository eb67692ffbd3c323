// A run in virtual time: the decider of the state machine itself, against an outside that does what a script says.
// Invariants:
//   V1. Nothing but the arguments decides: the same DAG and script give the same run, in no time.
//   V2. It ends: the run settles, or what it still waits for is said.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { builtInKindSchemas } from "@chasqui/contracts";
import type { DagSpec, JsonSchema } from "@chasqui/contracts";
import { NOOP_KIND, decide, effectsOf, isSettled, newRun, slotNamed } from "@chasqui/machine";
import type { Plan, Recorded, RunEffect, RunMessage, RunState } from "@chasqui/machine";
import { bad, good } from "../cel/result.ts";
import type { Result } from "../cel/result.ts";
import { fingerprintOf } from "../canonical.ts";
import { planOf } from "../plan/plan-of.ts";
import { resolveParams } from "../schema/params.ts";
import { listNames, quote } from "../text/suggest.ts";
import { rfc3339 } from "../time/dates.ts";
import { createOutside } from "./outside.ts";
import { createPools } from "./pools.ts";
import { createQueue } from "./queue.ts";
import { resultOf } from "./result.ts";
import type { Simulated } from "./result.ts";
import { parseScript } from "./script.ts";
import type { ScriptForm, Scripted } from "./script.ts";

export interface SimulationInput extends ScriptForm {
  readonly spec: DagSpec;
  /** Logical time, and the moment at which the run begins. */
  readonly atMs: number;
  readonly params?: JsonObject;
  readonly vars?: JsonObject;
  /** Data of the event that starts the run. */
  readonly event?: JsonValue;
  readonly key?: string;
  /** Schemas of kinds beyond the built-in ones; what such a kind that is not here takes is not judged. */
  readonly kinds?: Readonly<Record<string, JsonSchema | undefined>>;
  /** Texts in `vars` that stand for what is not known: what holds one is not judged. */
  readonly placeholders?: readonly string[];
  /** Slots of the installation's pools; one that is not named has enough. */
  readonly pools?: Readonly<Record<string, number>>;
}

/** Messages of one simulation: a DAG of 5,000 tasks needs some 20,000. */
const MESSAGES_MAX = 2_000_000;

export function simulate(input: SimulationInput): Result<Simulated> {
  const { spec } = input;
  const script = parseScript(input, scriptedOf(spec));
  if (!script.ok) return script;
  const pool = poolNobodyUses(input);
  if (pool !== undefined) return bad(pool);
  const params = resolveParams(spec.params, input.params ?? {});
  if (!params.ok) return params;
  const vars = input.vars ?? {};
  const plan = scripted(planOf(spec, fingerprintOf(spec), { vars }), script.value.isNamed);
  const state = newRun({
    plan,
    facts: {
      id: "run-simulated",
      dagId: spec.id,
      key: input.key ?? rfc3339(input.atMs),
      logicalMs: input.atMs,
    },
    params: params.value,
    event: input.event === undefined ? null : { data: input.event },
  });
  const outside = createOutside({
    ...{ spec, state, script: script.value, vars },
    kinds: { ...input.kinds, ...builtInKindSchemas },
    placeholders: input.placeholders ?? [],
  });
  const history = run(state, outside.answersTo, input);
  return history === undefined
    ? bad(`the simulation needs more than ${MESSAGES_MAX.toLocaleString("en")} messages`)
    : good(resultOf(spec, state, history));
}

function scriptedOf({ tasks, groups }: DagSpec): Scripted[] {
  const around = new Map(groups.map((group) => [group.id, group]));
  const isMapped = (id: string): boolean => {
    const group = around.get(id);
    return group !== undefined && (group.forEach !== undefined || isMapped(group.parent));
  };
  return tasks.map(({ id, uses, forEach, group }) => ({
    id,
    kind: uses,
    isMapped: forEach !== undefined || isMapped(group),
  }));
}

function poolNobodyUses({ spec, pools = {} }: SimulationInput): string | undefined {
  const used = [...new Set(spec.tasks.map(({ pool }) => pool).filter((pool) => pool !== ""))];
  const name = Object.keys(pools).find((pool) => !used.includes(pool));
  const known = used.length === 0 ? "no task names a pool" : `known: ${listNames(used)}`;
  return name === undefined ? undefined : `no task uses pool ${quote(name)}; ${known}`;
}

/** Every output is kept, for any may be named; a noop whose outcome the author says is asked for it. */
function scripted(plan: Plan, isNamed: (taskId: string) => boolean): Plan {
  const tasks = plan.tasks.map((task) => ({
    ...task,
    kind: task.kind === NOOP_KIND && isNamed(task.id) ? "simulated" : task.kind,
    outputNamed: true,
  }));
  return { ...plan, tasks };
}

export interface Answer {
  readonly atMs: number;
  readonly message: RunMessage;
}

function run(
  state: RunState,
  answersTo: (effect: RunEffect, atMs: number) => readonly Answer[],
  { atMs: startMs, pools: sizes = {} }: SimulationInput,
): Recorded[] | undefined {
  const history: Recorded[] = [];
  const queue = createQueue<RunMessage>();
  const pools = createPools(sizes);
  let nowMs = startMs;
  let count = 0;

  function perform(effect: RunEffect): void {
    if (effect.kind === "acquire" || effect.kind === "release") {
      for (const grant of grantsOf(effect)) queue.add(nowMs, grantedTo(state, grant));
    } else
      for (const { atMs, message } of answersTo(effect, nowMs))
        queue.add(atMs, message, rankOf(message));
  }

  function grantsOf(effect: Extract<RunEffect, { kind: "acquire" | "release" }>) {
    const { attempt } = effect;
    if (effect.kind === "release") {
      const slot = slotNamed(state, effect.taskId, effect.mapIndex) ?? -1;
      return pools.release({ slot, attempt }, effect.pool, nowMs);
    }
    const { slot, claim } = effect;
    const priority = state.plan.tasks[state.tasks[slot]?.plan ?? -1]?.priority ?? 0;
    return pools.acquire({ slot, attempt, priority }, claim, nowMs);
  }

  function tell(message: RunMessage): void {
    count += 1;
    const { decision, events } = decide(state, message, { nowMs, cause: `message-${count}` });
    history.push(...events);
    const strays = decision.kind === "rejected" ? [] : decision.strays;
    for (const effect of effectsOf(state, events, strays)) perform(effect);
  }

  tell({ kind: "start", admitted: true });
  while (!isSettled(state.status)) {
    const next = queue.nextMs();
    const { wakeMs } = state;
    if (count > MESSAGES_MAX) return undefined;
    if (next === undefined && wakeMs === undefined) break;
    if (wakeMs !== undefined && (next === undefined || wakeMs <= next)) {
      nowMs = Math.max(nowMs, wakeMs);
      tell({ kind: "timer" });
    } else {
      const happening = queue.take();
      if (happening === undefined) break;
      nowMs = Math.max(nowMs, happening.atMs);
      tell(happening.what);
    }
  }
  return history;
}

/**
 * What ends at the same moment is heard in an order that does not depend on how tasks are called: failures first,
 * skips last, so that a task over a failed and a skipped one is upstream_failed.
 */
function rankOf(message: RunMessage): number {
  if (message.kind !== "update") return 0;
  const { state } = message.report;
  return state === "failed" ? -1 : state === "skipped" ? 1 : 0;
}

function grantedTo(
  state: RunState,
  {
    slot,
    attempt,
    pool,
  }: { readonly slot: number; readonly attempt: number; readonly pool: string },
): RunMessage {
  const task = state.tasks[slot];
  const taskId = state.plan.tasks[task?.plan ?? -1]?.id ?? "";
  return { kind: "granted", taskId, mapIndex: task?.mapIndex ?? -1, attempt, pool };
}
