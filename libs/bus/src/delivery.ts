// One delivery of one message. Everything is read from the wire when somebody asks and remembered, because a
// busy receiver asks for two of these facts and pays for two.
import type { Msg } from "nats";
import { parseAckSubject, type AckFacts } from "./ack-subject.ts";
import type { BatchItem } from "./types.ts";
import { findHeader, headerText, listHeaders } from "./wire-headers.ts";

const ACK = Buffer.from("+ACK");
const NAK = Buffer.from("-NAK");
export const WORKING = Buffer.from("+WPI");
// Without a reason: server 2.9 ignores "+TERM <reason>" and delivers the message again.
const TERM = Buffer.from("+TERM");
const NANOSECONDS = 1e6;

/** A message as it came off the wire. */
export interface Arrival {
  readonly message: Msg;
  /** The message's, which the client cuts out anew each time. */
  readonly data: Uint8Array;
  readonly ackSubject: string;
  /** Of its stream, counted from 1: one that was lost and created again begins another. */
  readonly life: number;
  /** The server sent it at this time or later. */
  readonly sentSinceMs: number;
}

/** What the server knows of a delivery. */
export interface Heard {
  readonly ackSubject: string;
  /** Of the stream, when the delivery came. */
  readonly life: number;
  /** When the server last heard of it, or a little earlier. */
  readonly heardMs: number;
}
/** What it is to be told. */
export interface Word extends Heard {
  readonly word: Uint8Array;
}

/** What can be buried: a delivery, or a message of a bundle. */
export interface Buriable extends BatchItem {
  readonly facts: AckFacts;
  /** As they came. */
  readonly headers: readonly (readonly [string, string])[];
  /** Where its stream has it, `<stream>:<sequence>`: no other message is there. */
  readonly place: string;
  /** Ends the message without a word elsewhere; only for what is safe in the dead letters. */
  term(): void;
}

/** Whose deliveries they are: told when one is settled, asked to bury one. */
export interface DeliveryOwner {
  /** Tells the server now, or as soon as it can; returns whether it was now. */
  say(word: Word): boolean;
  /** Its ack-wait is over: the server may have given it to someone else. */
  isLate(heard: Heard): boolean;
  /** A delivery that waited, of so many bytes, was taken by its receiver. */
  leftQueue(bytes: number): void;
  /** The delivery is no longer ours. */
  settled(delivery: JetDelivery): void;
  /** Stores the dead letter, then ends the message with `term`; gives it back when that fails. */
  bury(message: Buriable, reason: string): Promise<void>;
}

/** The id of a message that was redriven from the dead letters; its own is then not new to the stream. */
export const ORIGINAL_ID_HEADER = "chasqui-message-id";

export class JetDelivery implements Buriable {
  readonly #arrival: Arrival;
  readonly #owner: DeliveryOwner;
  readonly #countOffset: number;
  #facts: AckFacts | undefined;
  #headers: string | undefined;
  #isSettled = false;
  readonly receivedMs = Date.now();
  #touchedMs: number;

  constructor(arrival: Arrival, owner: DeliveryOwner, countOffset = 0) {
    this.#arrival = arrival;
    this.#touchedMs = arrival.sentSinceMs;
    this.#owner = owner;
    this.#countOffset = countOffset;
  }

  /** The same message again, as after a lost ack: what the harness switch DELIVER=twice hands out. */
  again(): JetDelivery {
    return new JetDelivery(this.#arrival, this.#owner, this.#countOffset + 1);
  }

  get facts(): AckFacts {
    return (this.#facts ??= parseAckSubject(this.#arrival.ackSubject));
  }
  get #headerText(): string {
    return (this.#headers ??= headerText(this.#arrival.message));
  }
  get headers(): readonly (readonly [string, string])[] {
    return listHeaders(this.#headerText);
  }
  get subject(): string {
    return this.#arrival.message.subject;
  }
  get data(): Uint8Array {
    return this.#arrival.data;
  }
  get id(): string {
    return this.header(ORIGINAL_ID_HEADER) ?? this.header("Nats-Msg-Id") ?? this.place;
  }
  get place(): string {
    return `${this.facts.stream}:${this.facts.streamSequence}`;
  }
  get deliveryCount(): number {
    return this.facts.deliveryCount + this.#countOffset;
  }
  get isRepeated(): boolean {
    return this.deliveryCount > 1 || this.#owner.isLate(this.#heard);
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
  /** When the server last heard of it; what the keep-alive goes by. */
  get touchedMs(): number {
    return this.#touchedMs;
  }
  /** Made by `again`: nobody asked the server for it. */
  get isCopy(): boolean {
    return this.#countOffset > 0;
  }
  leaveQueue(): void {
    if (!this.isCopy) this.#owner.leftQueue(this.data.length);
  }
  header(name: string): string | undefined {
    return findHeader(this.#headerText, name);
  }

  working(): void {
    if (!this.#isSettled && this.#say(WORKING)) this.#touchedMs = Date.now();
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
  get #heard(): Heard {
    const { ackSubject, life } = this.#arrival;
    return { ackSubject, life, heardMs: this.#touchedMs };
  }
  #say(word: Uint8Array): boolean {
    return this.#owner.say({ ...this.#heard, word });
  }
}
