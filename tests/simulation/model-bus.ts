// JetStream as far as the protocol leans on it: at least once, in any order, ids that are known for a while, one task
// message per attempt. What is published is durable unless the whole store is lost.
import type { AnswerMessage } from "../../libs/machine/src/index.ts";
import { ModelInbox } from "./model-inbox.ts";
import type { Mutation } from "./mutations.ts";
import { WINDOW_MS } from "./time-scale.ts";

export interface TaskBody {
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
}
export interface Message<B> {
  readonly id: string;
  readonly body: B;
  deliveries: number;
  readonly publishedMs: number;
  /** Whoever said it may have stood still since. */
  readonly decidedMs: number;
}

export class ModelStream<B> {
  readonly messages = new Map<string, Message<B>>();
  readonly #known = new Map<string, number>();
  readonly #subjectOf: (body: B) => string;

  constructor(options: { onePerSubject: (body: B) => string }) {
    this.#subjectOf = options.onePerSubject;
  }

  publish(id: string, body: B, nowMs: number, decidedMs = nowMs): void {
    const knownMs = this.#known.get(id);
    if (knownMs !== undefined && nowMs - knownMs < WINDOW_MS) return;
    if (this.messages.has(id)) return;
    const subjectOf = this.#subjectOf;
    for (const message of this.messages.values())
      if (subjectOf(message.body) === subjectOf(body)) return;
    this.#known.set(id, nowMs);
    this.messages.set(id, { id, body, deliveries: 0, publishedMs: nowMs, decidedMs });
  }

  ack(id: string): void {
    this.messages.delete(id);
  }

  lose(): void {
    this.messages.clear();
    this.#known.clear();
  }
}

export interface ModelBus {
  readonly inbox: ModelInbox;
  readonly tasks: ModelStream<TaskBody>;
  /** Plain subjects: whoever listens hears it. */
  readonly cancels: TaskBody[];
  /** Answers whose people were told that they count. */
  readonly acceptedAnswers: { readonly runId: string; readonly message: AnswerMessage }[];
  /** Commands whose people were told that they changed the run. */
  readonly acceptedCommands: { readonly runId: string; readonly cause: string }[];
  /** Runs that people wanted again, of which version. */
  readonly reruns: {
    readonly dagId: string;
    readonly key: string;
    readonly of: string;
    readonly fingerprint: string;
  }[];
  /** Ids of updates that make no sense. */
  readonly strays: string[];
  /** What it had was lost since the sweeper looked last. */
  wentBack: boolean;
}

export const modelBus = (mutation: Mutation): ModelBus => ({
  inbox: new ModelInbox(mutation),
  tasks: new ModelStream<TaskBody>({
    onePerSubject: (task) => `${task.runId} ${task.taskId} ${task.mapIndex} ${task.attempt}`,
  }),
  cancels: [],
  acceptedAnswers: [],
  acceptedCommands: [],
  reruns: [],
  strays: [],
  wentBack: false,
});
