// Hears of what waits are for (a message on a subject, something about a DAG) and has those waits looked at.
// What is heard only makes a look come sooner: what counts is what the look finds, so a message that nobody heard
// costs an interval, never the wait.
// Invariants:
//   N1. A topic is listened to before a wait for it begins here; waits of other replicas are found every SYNC_MS.
//   N2. A topic that was heard of has its waits looked at soon, then at most once per GATHER_MS, and once more after
//       the last message: a plain subscription may hear what its stream has not stored yet.
//   N3. After a time without ears (a start, a reconnect) everything that is listened to counts as heard.
import type { Part } from "@chasqui/chassis";
import type { Topic, Waits } from "./store/waits.ts";

const SYNC_MS = 5_000;
const SOON_MS = 20;
const GATHER_MS = 1_000;

export interface TopicsDeps {
  readonly waits: Pick<Waits, "topics" | "nudge">;
  /** Subscribes to what concerns a topic; the returned function ends it. */
  readonly subscribe: (topic: Topic, heard: () => void) => () => void;
  /** Some waits are due now. */
  readonly nudged: () => void;
  readonly now: () => number;
  readonly log: { warn(fields: object, message: string): void };
}

interface Ear {
  readonly topic: Topic;
  readonly end: () => void;
  listenedMs: number;
  /** It was heard of, and its waits are not told yet. */
  timer: NodeJS.Timeout | undefined;
  /** It was heard of again meanwhile. */
  again: boolean;
}

export class Topics implements Part {
  readonly name = "topics";
  readonly #deps: TopicsDeps;
  readonly #ears = new Map<string, Ear>();
  readonly #syncing: NodeJS.Timeout;
  #heard: Topic[] = [];
  #telling: Promise<void> | undefined;
  #reading: Promise<void> | undefined;
  #isStopped = false;

  constructor(deps: TopicsDeps) {
    this.#deps = deps;
    this.#syncing = setInterval(() => void this.sync(), SYNC_MS).unref();
    void this.sync();
  }

  /** How many topics are listened to. */
  get size(): number {
    return this.#ears.size;
  }

  /** A wait for it is about to begin here. */
  listen(topic: Topic): void {
    if (!this.#isStopped) this.#earOf(topic).listenedMs = this.#deps.now();
  }

  /** Nobody listened for a while. */
  wasDeaf(): void {
    for (const ear of this.#ears.values()) this.#hear(ear);
  }

  /** Listens to what waits are for, and to nothing else. */
  sync(): Promise<void> {
    this.#reading ??= this.#sync().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#syncing);
    for (const ear of this.#ears.values()) this.#end(ear);
    await Promise.all([this.#reading, this.#telling]);
  }

  async #sync(): Promise<void> {
    const { waits, now, log } = this.#deps;
    const startedMs = now();
    try {
      const wanted = await waits.topics();
      if (this.#isStopped) return;
      const keys = new Set(wanted.map(keyOf));
      for (const ear of this.#ears.values())
        // What was asked for meanwhile may not be in a row yet.
        if (!keys.has(keyOf(ear.topic)) && ear.listenedMs < startedMs - SYNC_MS) this.#end(ear);
      for (const topic of wanted) if (!this.#ears.has(keyOf(topic))) this.#hear(this.#earOf(topic));
    } catch (error) {
      log.warn({ error }, "what waits are for could not be read; it is read again");
    }
  }

  #earOf(topic: Topic): Ear {
    const known = this.#ears.get(keyOf(topic));
    if (known !== undefined) return known;
    const ear: Ear = {
      topic,
      end: this.#deps.subscribe(topic, () => this.#hear(ear)),
      listenedMs: this.#deps.now(),
      timer: undefined,
      again: false,
    };
    this.#ears.set(keyOf(topic), ear);
    return ear;
  }

  #end(ear: Ear): void {
    ear.end();
    clearTimeout(ear.timer);
    this.#ears.delete(keyOf(ear.topic));
  }

  #hear(ear: Ear): void {
    ear.again = true;
    if (ear.timer === undefined) this.#tellIn(ear, SOON_MS);
  }

  #tellIn(ear: Ear, delayMs: number): void {
    if (this.#isStopped) return;
    ear.timer = setTimeout(() => {
      ear.timer = undefined;
      this.#heard.push(ear.topic);
      this.#telling ??= this.#tell().finally(() => (this.#telling = undefined));
      if (ear.again) this.#tellIn(ear, GATHER_MS);
      ear.again = false;
    }, delayMs).unref();
  }

  async #tell(): Promise<void> {
    const { waits, now, nudged, log } = this.#deps;
    while (this.#heard.length > 0) {
      const heard = this.#heard;
      this.#heard = [];
      try {
        if ((await waits.nudge(heard, now())) > 0) nudged();
      } catch (error) {
        log.warn({ error, topics: heard.length }, "waits were not told; their next look will see");
      }
    }
  }
}

const keyOf = ({ kind, topic }: Topic): string => `${kind} ${topic}`;
