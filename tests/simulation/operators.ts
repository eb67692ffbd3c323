// People who operate runs: they clear tasks with what is up- or downstream of them, retry what failed, say what a task
// is, and run again, with the original version or the newest. What they ask for may come late, and twice.
import { RunCauseKind } from "../../libs/contracts/src/index.ts";
import { endedWellIn } from "./past-check.ts";
import { isSettled, nameOf } from "../../libs/machine/src/index.ts";
import type { MarkState } from "../../libs/machine/src/index.ts";
import { inboxMessage } from "../../services/state-machine/src/say/inbox-message.ts";
import type { ModelDatabase } from "./model-database.ts";
import type { Random } from "../support/random.ts";
import type { Voice } from "./say.ts";
import { post } from "./say.ts";

const OPERATIONS_MAX = 5;
const by = { by: "user:sim", reason: "" };

type Operation = (voice: Voice, runId: string) => void;

export class Operators {
  readonly #random: Random;
  #asked = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Runs that people meddle with. */
  runs = ({ database }: Voice): string[] =>
    this.#asked >= OPERATIONS_MAX
      ? []
      : [...database.runs.keys()].filter((id) => database.state(id)?.startedMs !== undefined);

  operate(voice: Voice, runIds: readonly string[]): void {
    this.#asked += 1;
    const operations: readonly Operation[] = [
      this.#clear,
      this.#mark,
      (to, runId) => clear(to, runId, { tasks: [], onlyFailed: true }),
      this.#rerun,
    ];
    this.#random.pick(operations)(voice, this.#random.pick(runIds));
  }

  #clear: Operation = (voice, runId) => {
    const [upstream, downstream] = [this.#random.chance(0.4), this.#random.chance(0.6)];
    clear(voice, runId, { tasks: [this.#pickTask(voice, runId)], upstream, downstream });
  };

  #mark: Operation = (voice, runId) => {
    const state = this.#random.pick(["succeeded", "failed", "skipped"] as const);
    mark(voice, runId, { task: this.#pickTask(voice, runId), state });
  };

  #rerun: Operation = ({ database, ...voice }, runId) => {
    const row = database.runs.get(runId);
    if (row === undefined) return;
    const { dagId, key, logicalMs, rerunOf } = row.meta;
    const base = rerunOf === undefined ? key : key.replace(/~\d+$/, "");
    const taken = new Set([...database.runs.values()].map(({ meta }) => meta.key));
    let n = 1;
    while (taken.has(`${base}~${n}`)) n += 1;
    const pinned = this.#random.chance(0.5) ? database.versionsOf(dagId)[0] : undefined;
    const { fingerprint, number } = pinned ?? {
      fingerprint: row.init.plan.fingerprint,
      number: row.meta.dagNumber,
    };
    const value = {
      ...{ dagId, key: `${base}~${n}`, logicalMs, by: "user:sim", rerunOf: runId },
      causeKind: RunCauseKind.MANUAL,
      ...(voice.mutation === "rerun_of_what_is_current" ? {} : { pinned: { fingerprint, number } }),
    };
    voice.bus.reruns.push({ dagId, key: value.key, of: runId, fingerprint });
    const id = `rerun:${dagId}:${value.key}:${voice.nowMs}`;
    post({ database, ...voice }, inboxMessage("dag", dagId, id, { case: "startRun", value }));
  };

  #pickTask({ database }: Voice, runId: string): Ref {
    const state = database.state(runId);
    if (state === undefined) throw new Error(`no run ${runId}`);
    const { t, i = -1 } = nameOf(state, this.#random.pick(state.tasks));
    return { taskId: t, mapIndex: i };
  }

  /** Where the next run waits for a task that ended badly: somebody must help, or nothing goes on. */
  obstacles({ database }: Voice): { runId: string; task: Ref }[] {
    return [...database.runs.keys()].flatMap((runId) => obstaclesOf(database, runId));
  }

  help(voice: Voice, obstacles: readonly { runId: string; task: Ref }[]): void {
    const { runId, task } = this.#random.pick(obstacles);
    const isThere = isSettled(voice.database.state(runId)?.status ?? "queued");
    if (isThere && this.#random.chance(0.5))
      clear(voice, runId, { tasks: [task], downstream: true });
    else mark(voice, runId, { task, state: "succeeded" });
  }
}

interface Ref {
  readonly taskId: string;
  readonly mapIndex: number;
}

function obstaclesOf(database: ModelDatabase, runId: string): { runId: string; task: Ref }[] {
  const state = database.state(runId);
  const previous = state?.facts.previousRunId;
  if (state === undefined || previous === undefined || isSettled(state.status)) return [];
  const before = database.state(previous);
  if (before === undefined || !isSettled(before.status)) return [];
  return state.plan.tasks
    .filter(({ id, dependsOnPast }) => dependsOnPast && !endedWellIn(before, id))
    .map(({ id }) => ({
      // Nothing can be done in a run that was cancelled before it began: then what waits is said to be done.
      runId: before.startedMs === undefined ? runId : previous,
      task: { taskId: id, mapIndex: -1 },
    }));
}

interface Clear {
  readonly tasks: readonly Ref[];
  readonly upstream?: boolean;
  readonly downstream?: boolean;
  readonly onlyFailed?: boolean;
}

function clear(voice: Voice, runId: string, what: Clear): void {
  const value = { runId, ...what, tasks: [...what.tasks], ...by };
  post(
    voice,
    inboxMessage("run", runId, `clear:${runId}:${voice.nowMs}`, { case: "clearTasks", value }),
  );
}

function mark(voice: Voice, runId: string, what: { task: Ref; state: MarkState }): void {
  const value = { runId, ...what, ...by };
  post(
    voice,
    inboxMessage("run", runId, `mark:${runId}:${voice.nowMs}`, { case: "markTask", value }),
  );
}
