// People: they cancel runs, answer questions (late, twice, and against each other), and resume what paused itself.
import { inboxMessage } from "../../services/state-machine/src/say/inbox-message.ts";
import type { Random } from "../support/random.ts";
import type { Voice } from "./say.ts";
import { post } from "./say.ts";

const CANCELS_MAX = 1;
const PAUSES_MAX = 2;

interface Question {
  readonly runId: string;
  readonly taskId: string;
  readonly attempt: number;
}

export class People {
  readonly #random: Random;
  #cancelled = 0;
  #paused = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  mayCancel = ({ database }: Voice): boolean =>
    database.runs.size > 0 && this.#cancelled < CANCELS_MAX;

  cancel(voice: Voice): void {
    this.#cancelled += 1;
    const runId = this.#random.pick([...voice.database.runs.keys()]);
    const value = { runId, by: "user:sim", reason: "" };
    const id = `cancel:${runId}:${voice.nowMs}`;
    post(voice, inboxMessage("run", runId, id, { case: "cancelRun", value }));
  }

  /** `answered`: with those that have their answer. */
  questions({ database }: Voice, answered: boolean): Question[] {
    return [...database.runs.keys()].flatMap((runId) => {
      const state = database.state(runId);
      return (state?.tasks ?? []).flatMap(({ plan, attempt, status, approval }): Question[] => {
        const taskId = state?.plan.tasks[plan]?.id ?? "";
        const isAsked = status === "awaiting_approval" || (answered && approval !== undefined);
        return isAsked ? [{ runId, taskId, attempt }] : [];
      });
    });
  }

  answer(voice: Voice, questions: readonly Question[]): void {
    const { runId, taskId, attempt } = this.#random.pick(questions);
    const by = this.#random.pick(["user:ana", "user:bob"]);
    const approved = this.#random.chance(0.7);
    const value = { runId, task: { taskId, mapIndex: -1 }, attempt, approved, by, comment: "" };
    const id = `answer:${runId}:${voice.nowMs}`;
    post(voice, inboxMessage("run", runId, id, { case: "answerApproval", value }));
  }

  pausedDags = ({ database }: Voice): string[] =>
    [...database.dags].flatMap(([dagId, { events }]) =>
      events.findLast((event) => event.type === "paused_set")?.paused === true ? [dagId] : [],
    );

  resume(voice: Voice, dagId: string): void {
    setPaused(voice, dagId, false);
  }

  mayPause = (): boolean => this.#paused < PAUSES_MAX;

  pause(voice: Voice): void {
    this.#paused += 1;
    setPaused(voice, this.#random.pick([...voice.database.dags.keys()]), true);
  }
}

function setPaused(voice: Voice, dagId: string, paused: boolean): void {
  const value = { dagId, paused, by: "user:sim", reason: "" };
  const id = `pause:${paused}:${dagId}:${voice.nowMs}`;
  post(voice, inboxMessage("dag", dagId, id, { case: "setPaused", value }));
}
