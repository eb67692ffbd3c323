// What a service sees of the bus. Nothing here names a NATS type: the client behind it can change.
import type { buckets, Installation, KindAnnouncement, StreamName } from "@chasqui/contracts";

/** What ops may have set on a stream; kept when the stream is updated or created again. */
export interface OpsOwned {
  readonly num_replicas?: number;
  readonly max_bytes?: number;
  readonly placement?: object;
}

export interface OutMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Nats-Msg-Id: a second copy within the stream's window is not stored again. */
  readonly id?: string | undefined;
  readonly traceparent?: string | undefined;
  /** `ce-…` on public streams; the hot streams carry none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Messages of one call with the same name here, of one sort of the INBOX (`update`, `dag`, …), may travel as one if they
   * have an id and no headers. Only for what is harmless when it comes twice: the stream's window knows the bundle and
   * not its messages.
   */
  readonly bundle?: string | undefined;
}

export type PublishOutcome =
  | "stored"
  | "duplicate"
  /** The stream takes no more: one message of this subject is there already, or the stream is full. */
  | "refused"
  /** No answer: disconnected, timed out, no stream, not allowed. It may have been stored all the same. */
  | "failed";

export interface Delivery {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Nats-Msg-Id, else `<stream>:<sequence>`. The same for every delivery of one message, also a redriven one. */
  readonly id: string;
  header(name: string): string | undefined;
  /** 1 = first. */
  readonly deliveryCount: number;
  readonly streamSequence: number;
  /** When the stream took it. */
  readonly publishedMs: number;
  readonly ageMs: number;
  readonly traceparent: string | undefined;
  /** Tells the server that the work goes on; the bus does so by itself, too. */
  working(): void;
}

/** A delivery that its receiver settles. Only the first settlement counts. */
export interface BatchItem extends Delivery {
  /** It was delivered before, or may have been given to someone else since: what it asks for may be done. */
  readonly isRepeated: boolean;
  ack(): void;
  retry(delayMs: number): void;
  /** Copies the message to CHASQUI_DEAD, then ends it; if the copy is not stored, it comes again instead. */
  dead(reason: string): Promise<void>;
}

export interface Consuming {
  /** Takes nothing new, waits for the work in hand, after the deadline aborts it and gives it back. */
  stop(deadlineMs: number): Promise<void>;
  readonly inFlight: number;
  /** When the last message came; 0 for never. */
  readonly lastMessageMs: number;
}

export interface BatchSource {
  /** What arrived since the last call, at least 1 and at most `batchMax`; `[]` once stopped. */
  next(): Promise<BatchItem[]>;
  /** Takes nothing new and gives back what nobody has taken. */
  stop(): Promise<void>;
  readonly waiting: number;
}

export interface ConsumeOptions {
  readonly concurrency: number;
  handle(delivery: Delivery, signal: AbortSignal): Promise<void>;
  /** Told once the dead letter is stored, before the message is let go. */
  onDead?(delivery: Delivery, reason: string): Promise<void>;
}

export interface ReadOptions {
  /** False: ends when it has read what is there. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Only what the stream took from then on. */
  readonly startMs?: number | undefined;
}

/** A message as the stream keeps it. */
export type StoredMessage = Pick<
  Delivery,
  "subject" | "data" | "header" | "streamSequence" | "publishedMs"
>;

/** Behind this message, or from this time on. */
export type StreamPlace = { readonly afterSequence: number } | { readonly sinceMs: number };

export interface AskOptions {
  readonly timeoutMs: number;
  /** Where the answer goes: a subject that nobody else has, that we may hear and they may publish to. */
  readonly answerTo: string;
}

export interface Subscribed {
  /** Resolves when the server knows of it: what is published afterwards is heard. */
  established(): Promise<void>;
  unsubscribe(): void;
}

export interface Needs {
  readonly durables: readonly string[];
  readonly streams: readonly StreamName[];
  readonly buckets?: readonly (keyof typeof buckets)[];
}

/** A process that starts, as the bus sees it. */
export interface Starting {
  /** Aborted when the process is told to stop. */
  readonly stopping: AbortSignal;
  /** Told what the start waits for, and `undefined` once it waits no more. */
  readonly waitsFor: (what: string | undefined) => void;
}

export interface StreamPosition {
  readonly created: string;
  readonly lastSequence: number;
}

export interface Bus {
  publish(messages: readonly OutMessage[]): Promise<PublishOutcome[]>;
  /** Rejects unless it was stored, now or before. */
  publishOne(message: OutMessage): Promise<void>;
  /** Core NATS: to whoever listens now, without a promise. */
  publishPlain(subject: string, data: Uint8Array): void;
  subscribePlain(
    subject: string,
    handle: (data: Uint8Array, subject: string, reply?: string) => void,
  ): Subscribed;
  /** Core NATS: one of those who answer there. Rejects with BusError when nobody does, or not in time. */
  ask(subject: string, data: Uint8Array, options: AskOptions): Promise<Uint8Array>;
  /** Answers what is asked there; of several processes of one user, one gets each question. */
  answer(subject: string, handle: (data: Uint8Array) => Promise<Uint8Array>): Subscribed;
  /** A fresh reply subject that this user may read. */
  inbox(): string;
  consume(durable: string, options: ConsumeOptions): Promise<Consuming>;
  consumeBatches(
    durables: readonly string[],
    options: { readonly batchMax: number },
  ): Promise<BatchSource>;
  readStream(stream: StreamName, filter: string, options: ReadOptions): AsyncIterable<Delivery>;
  /** The first message of the filter from there on, read without a consumer; undefined when there is none yet. */
  findMessage(
    stream: StreamName,
    filter: string,
    from: StreamPlace,
  ): Promise<StoredMessage | undefined>;
  /** Of a stream that is read by subject: whether it has a message of this one. Rejects when it does not answer. */
  hasMessage(stream: StreamName, subject: string): Promise<boolean>;
  streamPosition(stream: StreamName): Promise<StreamPosition>;
  /** Says it now, and again after every reconnect. */
  announceKind(announcement: KindAnnouncement): Promise<void>;
  listKinds(): Promise<KindAnnouncement[]>;
  /**
   * Resolves once what is needed is there: makes what this user may make, waits for the rest. Rejects at once when
   * something differs from the topology, with what to do; and when the process is told to stop.
   */
  ensureTopology(needs: Needs, starting: Starting): Promise<void>;
  /** Asked now and then by whoever may make streams, it also notices those that are missing, and has them made. */
  streamPositions(): Promise<Record<StreamName, StreamPosition>>;
  /** What ops had chosen for each stream and bucket that was seen: for whoever makes it again after the next start. */
  opsOwned(): Readonly<Record<string, OpsOwned>>;
  readonly state: "connected" | "reconnecting" | "closed";
  onReconnect(listener: () => void): void;
  drain(): Promise<void>;
}

/** The part of a pino logger that the bus writes to. */
export interface BusLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ConnectOptions {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** The name that the server shows for this connection. */
  readonly service: string;
  readonly installation: Installation;
  /** What `opsOwned` told an earlier process. */
  readonly opsOwned?: Readonly<Record<string, OpsOwned>>;
  readonly log?: BusLog | undefined;
}
