// One delivery of one message. Everything is read from the wire when somebody asks and remembered, because a
// busy receiver asks for two of these facts and pays for two.
import type { Msg, NatsConnection } from "nats";
import { parseAckSubject, type AckFacts } from "./ack-subject.ts";
import type { BatchItem } from "./types.ts";
import { findHeader, headerText } from "./wire-headers.ts";

const ACK = Buffer.from("+ACK");
const NAK = Buffer.from("-NAK");
const WORKING = Buffer.from("+WPI");
// Without a reason: server 2.9 ignores "+TERM <reason>" and delivers the message again.
const TERM = Buffer.from("+TERM");
const NANOSECONDS = 1e6;

/** Whose deliveries they are: told when one is settled, asked to bury one. */
export interface DeliveryOwner {
  readonly nc: NatsConnection;
  /** A delivery that waited was taken by its receiver. */
  leftQueue(): void;
  /** The delivery is no longer ours. */
  settled(delivery: JetDelivery): void;
  /** Stores the dead letter, then ends the message with `term`; gives it back when that fails. */
  bury(delivery: JetDelivery, reason: string): Promise<void>;
}

/** The id of a message that was redriven from the dead letters; its own is then not new to the stream. */
export const ORIGINAL_ID_HEADER = "chasqui-message-id";

export class JetDelivery implements BatchItem {
  readonly #message: Msg;
  readonly #ackSubject: string;
  readonly #owner: DeliveryOwner;
  readonly #countOffset: number;
  #facts: AckFacts | undefined;
  #headers: string | undefined;
  #data: Uint8Array | undefined;
  #isSettled = false;
  readonly receivedMs = Date.now();
  /** When the server last heard of it; what the keep-alive goes by. */
  touchedMs = this.receivedMs;

  constructor(message: Msg, ackSubject: string, owner: DeliveryOwner, countOffset = 0) {
    this.#message = message;
    this.#ackSubject = ackSubject;
    this.#owner = owner;
    this.#countOffset = countOffset;
  }

  /** The same message again, as after a lost ack: what the harness switch DELIVER=twice hands out. */
  again(): JetDelivery {
    return new JetDelivery(this.#message, this.#ackSubject, this.#owner, this.#countOffset + 1);
  }

  get facts(): AckFacts {
    return (this.#facts ??= parseAckSubject(this.#ackSubject));
  }
  get headerText(): string {
    return (this.#headers ??= headerText(this.#message));
  }
  get subject(): string {
    return this.#message.subject;
  }
  get data(): Uint8Array {
    return (this.#data ??= this.#message.data);
  }
  get id(): string {
    return (
      this.header(ORIGINAL_ID_HEADER) ??
      this.header("Nats-Msg-Id") ??
      `${this.facts.stream}:${this.facts.streamSequence}`
    );
  }
  get deliveryCount(): number {
    return this.facts.deliveryCount + this.#countOffset;
  }
  get streamSequence(): number {
    return this.facts.streamSequence;
  }
  get publishedMs(): number {
    return this.facts.publishedMs;
  }
  get ageMs(): number {
    return Date.now() - this.facts.publishedMs;
  }
  get traceparent(): string | undefined {
    return this.header("traceparent");
  }
  /** Made by `again`: nobody asked the server for it. */
  get isCopy(): boolean {
    return this.#countOffset > 0;
  }
  leaveQueue(): void {
    if (!this.isCopy) this.#owner.leftQueue();
  }
  header(name: string): string | undefined {
    return findHeader(this.headerText, name);
  }

  working(): void {
    if (this.#isSettled) return;
    this.touchedMs = Date.now();
    this.#say(WORKING);
  }
  ack(): void {
    if (this.#end()) this.#say(ACK);
  }
  retry(delayMs: number): void {
    if (!this.#end()) return;
    const delay = Math.round(delayMs);
    if (delay > 0) this.#say(Buffer.from(`-NAK {"delay":${delay * NANOSECONDS}}`));
    else this.#say(NAK);
  }
  /** Ends the message without a word elsewhere; only for what is safe in the dead letters. */
  term(): void {
    if (this.#end()) this.#say(TERM);
  }
  dead(reason: string): Promise<void> {
    return this.#isSettled ? Promise.resolve() : this.#owner.bury(this, reason);
  }

  #end(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#owner.settled(this);
    return true;
  }
  #say(word: Uint8Array): void {
    try {
      this.#owner.nc.publish(this.#ackSubject, word);
    } catch {
      // The connection is closed. A lost word is harmless: the message comes again.
    }
  }
}
