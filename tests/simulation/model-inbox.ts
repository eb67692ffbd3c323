// The INBOX as far as the protocol leans on it. What one call says may travel as one message, put together and taken
// apart by the bus's own code: it is stored, delivered, acked and lost as a whole, and the window knows its id, not those
// of its parts. Whoever holds a message holds it alone until he dies, gives it back, or stands still for longer than the
// ack-wait: he tells the server that he lives.
import { subjects } from "../../libs/contracts/src/index.ts";
import { parseAckSubject } from "../../libs/bus/src/ack-subject.ts";
import { JetDelivery } from "../../libs/bus/src/delivery.ts";
import type { Arrival, DeliveryOwner } from "../../libs/bus/src/delivery.ts";
import type { OutMessage } from "../../libs/bus/src/index.ts";
import { itemsOf, messagesOf } from "../../libs/bus/src/unbundle.ts";
import type { Queued } from "../../libs/bus/src/unbundle.ts";
import type { Inbound } from "../../services/state-machine/src/core/inbound.ts";
import { translate } from "../../services/state-machine/src/translate.ts";
import type { Mutation } from "./mutations.ts";
import { ACK_WAIT_MS, WINDOW_MS } from "./time-scale.ts";

/** A message on the wire, alone or a bundle. */
export interface Letter {
  readonly sequence: number;
  readonly sent: OutMessage;
  readonly publishedMs: number;
  /** What it says, as far as it makes sense, for whoever looked. */
  says: readonly Inbound[] | undefined;
  deliveries: number;
  holder: object | undefined;
  heldMs: number;
  /** Not before then: its holder died, and nobody knows until the ack-wait is over. */
  againMs: number;
}

export class ModelInbox {
  readonly #letters = new Map<number, Letter>();
  readonly #known = new Map<string, number>();
  readonly #mutation: Mutation;
  /** Holders that stand still, and what they had or were sent since. */
  readonly #still = new Map<object, { readonly sinceMs: number; readonly held: Set<string> }>();
  /** Deliveries that their holder may not settle any more. */
  readonly #late = new Set<string>();
  #sequence = 0;
  readonly dead: { readonly id: string; readonly subject: string; readonly reason: string }[] = [];
  /** The next ack does not arrive. */
  losesAck = false;

  constructor(mutation: Mutation) {
    this.#mutation = mutation;
  }

  /** What nobody holds. */
  free(nowMs: number): Letter[] {
    const isFree = (letter: Letter) =>
      letter.holder === undefined ? letter.againMs <= nowMs : this.#isGivenUp(letter, nowMs);
    return [...this.#letters.values()].filter(isFree);
  }

  /** Its holder was not heard of for too long. */
  #isGivenUp({ holder = this, heldMs }: Letter, nowMs: number): boolean {
    const still = this.#still.get(holder);
    return still !== undefined && nowMs - Math.max(still.sinceMs, heldMs) > ACK_WAIT_MS;
  }

  standStill(holder: object, nowMs: number): void {
    const held = [...this.#letters.values()].filter((letter) => letter.holder === holder);
    this.#still.set(holder, { sinceMs: nowMs, held: new Set(held.map(deliveryOf)) });
  }

  /** He cannot know how long each thing has waited that he has or finds. */
  goOn(holder: object, nowMs: number): void {
    const { sinceMs = nowMs, held = [] } = this.#still.get(holder) ?? {};
    this.#still.delete(holder);
    if (nowMs - sinceMs <= ACK_WAIT_MS) return;
    for (const delivery of held) this.#late.add(delivery);
    for (const letter of this.#letters.values()) {
      if (letter.holder !== holder) continue;
      letter.holder = undefined;
      letter.againMs = Math.max(sinceMs, letter.heldMs) + ACK_WAIT_MS;
    }
  }

  /** What is on its way, to look at. */
  says(): Inbound[] {
    return [...this.#letters.values()].flatMap((letter) => (letter.says ??= saysOf(letter.sent)));
  }

  store(message: OutMessage, nowMs: number): void {
    const sent = this.#named(message);
    const { id = "" } = sent;
    const knownMs = this.#known.get(id);
    if (knownMs !== undefined && nowMs - knownMs < WINDOW_MS) return;
    this.#known.set(id, nowMs);
    const letter = letterOf(sent, { publishedMs: nowMs, sequence: ++this.#sequence });
    this.#letters.set(letter.sequence, letter);
  }

  /** Each part in the hands of whoever gets it, as the bus hands it to its receiver. */
  deliver(letter: Letter, holder: object, nowMs: number): readonly Queued[] {
    letter.deliveries += 1;
    letter.holder = holder;
    letter.heldMs = nowMs;
    this.#still.get(holder)?.held.add(deliveryOf(letter));
    const { sequence, deliveries, publishedMs, sent } = letter;
    const { subject, data, id = "" } = sent;
    const message = { subject, data, headers: new Map([["Nats-Msg-Id", [id]]]) };
    const counts = `${deliveries}.${sequence}.${sequence}.${publishedMs}000000.0`;
    const ackSubject = `$JS.ACK.CHASQUI_INBOX.state-machine.${counts}`;
    const arrival = { message, data, ackSubject, life: 1, sentSinceMs: 0 } as unknown as Arrival;
    const delivery = new JetDelivery(arrival, this.#owner);
    const items = itemsOf(delivery, this.#owner.bury);
    return items.map((item) => this.#spoiled(item, delivery));
  }

  /** Its holder died. How much of the ack-wait is left differs from message to message. */
  release(holder: object, nowMs: number): void {
    this.#still.delete(holder);
    for (const letter of this.#letters.values()) {
      if (letter.holder !== holder) continue;
      letter.holder = undefined;
      letter.againMs = nowMs + ((letter.sequence % 4) / 3) * ACK_WAIT_MS;
    }
  }

  lose(): void {
    this.#letters.clear();
    this.#known.clear();
  }

  readonly #owner: DeliveryOwner = {
    leftQueue: () => undefined,
    settled: () => undefined,
    say: ({ ackSubject, word }) => {
      this.#hear(ackSubject, Buffer.from(word).toString());
      return true;
    },
    isLate: ({ ackSubject }) =>
      this.#mutation !== "late_taken_for_new" && this.#late.has(deliveryAt(ackSubject)),
    bury: async (item, reason) => {
      this.dead.push({ id: item.id, subject: item.subject, reason });
      item.term();
    },
  };

  #hear(ackSubject: string, word: string): void {
    const letter = this.#letters.get(parseAckSubject(ackSubject).streamSequence);
    if (letter === undefined) return;
    const isLate = this.#late.has(deliveryAt(ackSubject));
    if (isLate && this.#mutation !== "settled_too_late") return;
    if (word.startsWith("-NAK") || (this.losesAck && word === "+ACK")) letter.holder = undefined;
    else this.#letters.delete(letter.sequence);
    this.losesAck &&= word !== "+ACK";
  }

  /** Planted bug bundle_named_by_first: the same first message in other company is taken for the same bundle. */
  #named(sent: OutMessage): OutMessage {
    if (this.#mutation !== "bundle_named_by_first" || !subjects.isBundle(sent.subject)) return sent;
    return { ...sent, id: `bundle:${messagesOf(sent)?.[0]?.id ?? ""}` };
  }

  async #buryWith(delivery: JetDelivery, item: Queued, reason: string): Promise<void> {
    delivery.term();
    await this.#owner.bury(item, reason);
  }

  /** Planted bugs: the bundle is let go with its first message, or with one that is a dead letter. */
  #spoiled(item: Queued, delivery: JetDelivery): Queued {
    if (item === delivery) return item;
    if (this.#mutation === "bundle_acked_with_first")
      return Object.assign(item, { ack: () => delivery.ack() });
    if (this.#mutation === "bundle_dead_with_one")
      return Object.assign(item, {
        dead: (reason: string) => this.#buryWith(delivery, item, reason),
      });
    return item;
  }
}

export const letterOf = (
  sent: OutMessage,
  { publishedMs, sequence }: Pick<Letter, "publishedMs" | "sequence">,
): Letter => ({
  ...{ sequence, sent, publishedMs, says: undefined, deliveries: 0 },
  ...{ holder: undefined, heldMs: 0, againMs: 0 },
});

const deliveryOf = ({ sequence, deliveries }: Pick<Letter, "sequence" | "deliveries">): string =>
  `${sequence}.${deliveries}`;

function deliveryAt(ackSubject: string): string {
  const { streamSequence, deliveryCount } = parseAckSubject(ackSubject);
  return deliveryOf({ sequence: streamSequence, deliveries: deliveryCount });
}

const saysOf = (sent: OutMessage): Inbound[] =>
  (messagesOf(sent) ?? [sent]).flatMap(({ subject, data }) => {
    try {
      return [translate({ subject, data, isRepeated: false })];
    } catch {
      return [];
    }
  });
