// What a version of a DAG wants told, and where. Versions never change, so each is asked for once.
import { RejectError } from "@chasqui/bus";
import { type GrpcClient, RpcCode, RpcError } from "@chasqui/chassis";
import { AlertOn, type DagService } from "@chasqui/contracts";
import { type AlertWord, type Channel, channelsOf } from "../core/asked.ts";

export interface DagAlerts {
  readonly channels: readonly Channel[];
  /** Tasks whose failure does not make the run red. */
  readonly allowedToFail: ReadonlySet<string>;
}

/** Rejects with RejectError when there is no such DAG or version; with anything else for now. */
export type AlertsOf = (dagId: string, version: number) => Promise<DagAlerts>;

const VERSIONS_MAX = 1_000;

const WORDS: Readonly<Record<number, AlertWord>> = {
  [AlertOn.FAILED]: "failed",
  [AlertOn.RETRYING]: "retrying",
  [AlertOn.LATE]: "late",
  [AlertOn.SUCCEEDED]: "succeeded",
};

export function dagAlerts(dags: Pick<GrpcClient<typeof DagService>, "getDag">): AlertsOf {
  const known = new Map<string, DagAlerts>();
  return async (dagId, version) => {
    const key = `${dagId}/${version}`;
    const found = known.get(key) ?? (await ask(dags, dagId, version));
    known.delete(key); // the newest use is the last entry, so the first is the oldest
    known.set(key, found);
    const [oldest] = known.keys();
    if (known.size > VERSIONS_MAX && oldest !== undefined) known.delete(oldest);
    return found;
  };
}

async function ask(
  dags: Pick<GrpcClient<typeof DagService>, "getDag">,
  dagId: string,
  version: number,
): Promise<DagAlerts> {
  try {
    const { dag } = await dags.getDag({ dagId, version });
    const alerts = (dag?.spec?.alerts ?? []).map(({ on, slack }) => ({
      slack,
      on: on.flatMap((word) => WORDS[word] ?? []),
    }));
    const tasks = dag?.spec?.tasks ?? [];
    return {
      channels: channelsOf(alerts),
      allowedToFail: new Set(tasks.filter((task) => task.allowFailure).map((task) => task.id)),
    };
  } catch (thrown) {
    if (thrown instanceof RpcError && thrown.code === RpcCode.NOT_FOUND)
      throw new RejectError(`DAG ${dagId}, version ${version}: ${thrown.message}`);
    throw thrown;
  }
}
