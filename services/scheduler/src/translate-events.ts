// What Chasqui itself says and triggers listen to: a run settled, an asset was produced.
// Fact that a reader may rely on: the identity of a settlement depends on the run and its time alone, so an event and
// the state machine's list of settled runs name the same thing.
import { fromBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { RejectError } from "@chasqui/bus";
import { parseTraceparent } from "@chasqui/chassis";
import { AssetProducedSchema, RunSettledSchema, RunState, subjects } from "@chasqui/contracts";
import type { AssetProduced, ProducedAsset, Run, RunRef, RunSettled } from "@chasqui/contracts";
import type { Json, Trigger } from "./core/triggers.ts";
import { endOf } from "./ports/state-machine.ts";
import type { RunEnd } from "./ports/state-machine.ts";
import type { ReceivedTrigger } from "./translate.ts";

interface EventDelivery {
  readonly data: Uint8Array;
  readonly traceparent: string | undefined;
}

/** Of chasqui.event.<what>.<dag>.<run>. */
export function runOfSubject(subject: string): { dagId: string; runId: string } {
  const [, , , dagId = "", runId = ""] = subject.split(".");
  return { dagId, runId };
}

const stateNames: Readonly<Record<number, string>> = {
  [RunState.SUCCEEDED]: "succeeded",
  [RunState.FAILED]: "failed",
  [RunState.CANCELLED]: "cancelled",
};

/** How the run ended. */
export const endOfRun = (delivery: EventDelivery): RunEnd | undefined =>
  endOf(runSettled(delivery).state);

function runSettled({ data }: EventDelivery): RunSettled {
  try {
    return fromBinary(RunSettledSchema, data);
  } catch (error) {
    throw new RejectError(`the body is not a chasqui.run.v1.RunSettled: ${String(error)}`);
  }
}

export function parseRunSettled(delivery: EventDelivery): ReceivedTrigger[] {
  const event = runSettled(delivery);
  const run = wholeRef("RunSettled", event.run);
  const { state, reason } = event;
  const trigger = settledTrigger({ ...run, state, reason, settledTime: run.time });
  return trigger === undefined ? [] : [received(trigger, delivery)];
}

/** As the state machine lists it. */
export const settledRunTrigger = (run: Run): Trigger | undefined => settledTrigger(run);

interface Settled {
  readonly runId: string;
  readonly dagId: string;
  readonly state: RunState;
  readonly key: string;
  readonly reason: string;
  readonly logicalTime?: Timestamp | undefined;
  readonly settledTime?: Timestamp | undefined;
}

function settledTrigger(run: Settled): Trigger | undefined {
  const { runId, dagId, key, reason, logicalTime, settledTime } = run;
  const state = stateNames[run.state];
  if (state === undefined || settledTime === undefined) return undefined;
  const timeMs = timestampMs(settledTime);
  const logicalMs = logicalTime === undefined ? timeMs : timestampMs(logicalTime);
  const logical_time = new Date(logicalMs).toISOString();
  return {
    source: `chasqui/dag/${dagId}`,
    id: `${runId}@${new Date(timeMs).toISOString()}`,
    type: RunSettledSchema.typeName,
    path: subjects.event("run-settled", dagId, runId),
    timeMs,
    logicalMs,
    data: { dag_id: dagId, run_id: runId, state, key, logical_time, reason },
    about: { kind: "dag", dagId, state },
  };
}

export function parseAssetProduced(delivery: EventDelivery): ReceivedTrigger[] {
  let event: AssetProduced;
  try {
    event = fromBinary(AssetProducedSchema, delivery.data);
  } catch (error) {
    throw new RejectError(`the body is not a chasqui.run.v1.AssetProduced: ${String(error)}`);
  }
  const run = wholeRef("AssetProduced", event.run);
  return event.assets.map((asset) => received(producedTrigger(run, asset), delivery));
}

function producedTrigger(run: WholeRef, produced: ProducedAsset): Trigger {
  const { asset, taskId, mapIndex, attempt, extraJson } = produced;
  const instance = mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
  const timeMs = timestampMs(run.time);
  const logicalMs = run.logicalTime === undefined ? timeMs : timestampMs(run.logicalTime);
  return {
    source: `chasqui/asset/${asset}`,
    id: `${run.runId}/${instance}@${attempt}`,
    type: AssetProducedSchema.typeName,
    path: subjects.event("asset-produced", run.dagId, run.runId),
    timeMs,
    logicalMs,
    data: {
      asset,
      dag_id: run.dagId,
      run_id: run.runId,
      task_id: taskId,
      map_index: mapIndex,
      key: run.key,
      logical_time: new Date(logicalMs).toISOString(),
      extra: extraOf(asset, extraJson),
    },
    about: { kind: "asset", name: asset },
  };
}

function extraOf(asset: string, json: string): Json {
  if (json === "") return {};
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new RejectError(`asset ${asset}: extra_json is not JSON: ${String(error)}`);
  }
}

type WholeRef = RunRef & { readonly time: Timestamp };

function wholeRef(what: string, ref: RunRef | undefined): WholeRef {
  const { time } = ref ?? {};
  if (ref === undefined || time === undefined || ref.runId === "" || ref.dagId === "")
    throw new RejectError(`chasqui.run.v1.${what} without its run: want run_id, dag_id and time`);
  return { ...ref, time };
}

/** A run is a trace of its own, linked to what caused it. */
const received = (trigger: Trigger, { traceparent }: EventDelivery): ReceivedTrigger => ({
  trigger,
  parent: undefined,
  cause: parseTraceparent(traceparent),
});
