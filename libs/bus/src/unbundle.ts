// A bundle, taken apart again: its receiver settles each message as if it had come by itself.
// Invariants:
//   O1. The bundle is acked when each of its messages is acked or buried, and given back when one is to come again;
//       then all of them come again, as after a lost ack.
//   O2. A message of a bundle is a dead letter by itself, which can be redriven like any other.
//   O3. A bundle holds only what its sender might have published there: messages of the same sort, with headers of one
//       line.
import { fromBinary } from "@bufbuild/protobuf";
import { BundleSchema, subjects, type BundledMessage } from "@chasqui/contracts";
import type { AckFacts } from "./ack-subject.ts";
import type { JetDelivery, Buriable } from "./delivery.ts";

/** An item of the queue: a delivery, or a message of one. */
export interface Queued extends Buriable {
  readonly isCopy: boolean;
  leaveQueue(): void;
}

/** Stores the letter of one message, then ends that message. */
type Bury = (item: Buriable, reason: string) => Promise<void>;

/** What is to be handled of a delivery. A bundle that cannot be read is one message, and its receiver's to refuse. */
export function itemsOf(delivery: JetDelivery, bury: Bury): readonly Queued[] {
  if (!subjects.isBundle(delivery.subject)) return [delivery];
  const messages = messagesOf(delivery);
  if (messages === undefined || messages.length === 0) return [delivery];
  const whole = new Whole(delivery, messages.length);
  return messages.map((message, index) => new Part(whole, message, { index, bury }));
}

/** The messages of a bundle; undefined for anything else. */
export function messagesOf({
  subject,
  data,
}: Pick<JetDelivery, "subject" | "data">): readonly BundledMessage[] | undefined {
  try {
    const { messages } = fromBinary(BundleSchema, data);
    const sort = sortOf(subject);
    const isFit = (one: BundledMessage): boolean => sortOf(one.subject) === sort && isOneLine(one);
    return sort !== undefined && messages.every(isFit) ? messages : undefined;
  } catch {
    return undefined;
  }
}

/** What becomes a header of its dead letter. */
const isOneLine = ({ subject, id, traceparent }: BundledMessage): boolean =>
  !/[\x00-\x1f]/.test(subject + id + traceparent);

/** `chasqui.inbox.3.update.run-1` without partition and name: what rights are given for. */
function sortOf(subject: string): string | undefined {
  const [chasqui, stream, , what, ...rest] = subject.split(".");
  return rest.length === 1 ? `${chasqui}.${stream}.${what}` : undefined;
}

/** The delivery behind the messages of a bundle. */
class Whole {
  readonly delivery: JetDelivery;
  #queued: number;
  #open: number;
  #retryMs: number | undefined;

  constructor(delivery: JetDelivery, count: number) {
    this.delivery = delivery;
    this.#queued = count;
    this.#open = count;
  }
  leftQueue(): void {
    if (--this.#queued === 0) this.delivery.leaveQueue();
  }
  settled(retryMs: number | undefined): void {
    if (retryMs !== undefined) this.#retryMs = Math.max(retryMs, this.#retryMs ?? 0);
    if (--this.#open > 0) return;
    if (this.#retryMs === undefined) this.delivery.ack();
    else this.delivery.retry(this.#retryMs);
  }
}

class Part implements Queued {
  readonly #whole: Whole;
  readonly #message: BundledMessage;
  readonly #index: number;
  readonly #bury: Bury;
  #isSettled = false;

  constructor(whole: Whole, message: BundledMessage, by: { index: number; bury: Bury }) {
    this.#whole = whole;
    this.#message = message;
    this.#index = by.index;
    this.#bury = by.bury;
  }

  get subject(): string {
    return this.#message.subject;
  }
  get data(): Uint8Array {
    return this.#message.data;
  }
  get id(): string {
    const { id } = this.#message;
    return id === "" ? `${this.#whole.delivery.id}:${this.#index}` : id;
  }
  get traceparent(): string | undefined {
    const { traceparent } = this.#message;
    return traceparent === "" ? undefined : traceparent;
  }
  get headers(): readonly (readonly [string, string])[] {
    const { traceparent } = this;
    return traceparent === undefined ? [] : [["traceparent", traceparent]];
  }
  header(name: string): string | undefined {
    return name === "traceparent" ? this.traceparent : undefined;
  }
  get facts(): AckFacts {
    return this.#whole.delivery.facts;
  }
  get place(): string {
    return `${this.#whole.delivery.place}:${this.#index}`;
  }
  get deliveryCount(): number {
    return this.#whole.delivery.deliveryCount;
  }
  get isRepeated(): boolean {
    return this.#whole.delivery.isRepeated;
  }
  get streamSequence(): number {
    return this.#whole.delivery.streamSequence;
  }
  get publishedMs(): number {
    return this.#whole.delivery.publishedMs;
  }
  get ageMs(): number {
    return this.#whole.delivery.ageMs;
  }
  get isCopy(): boolean {
    return this.#whole.delivery.isCopy;
  }
  leaveQueue(): void {
    this.#whole.leftQueue();
  }

  working(): void {
    this.#whole.delivery.working();
  }
  ack(): void {
    this.#settle(undefined);
  }
  retry(delayMs: number): void {
    this.#settle(delayMs);
  }
  /** Its letter is stored: for the bundle it is done. */
  term(): void {
    this.#settle(undefined);
  }
  dead(reason: string): Promise<void> {
    return this.#isSettled ? Promise.resolve() : this.#bury(this, reason);
  }
  #settle(retryMs: number | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#whole.settled(retryMs);
  }
}
