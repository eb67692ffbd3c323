// Dead letters, for people: what there is, and sending one back to where it came from.
import { jetStreamSubjects } from "@chasqui/contracts";
import { openAdmin, type AdminOptions } from "./admin-link.ts";
import { DEAD_HEADERS } from "./dead.ts";
import { ORIGINAL_ID_HEADER } from "./delivery.ts";
import { BusError } from "./errors.ts";
import { isMessageMissing, streamInfo } from "./jetstream-api.ts";
import type { Link } from "./link.ts";
import { isStored, notStored, Publisher } from "./publisher.ts";
import { findHeader, listHeaders } from "./wire-headers.ts";

const DEAD_STREAM = "CHASQUI_DEAD";

export interface DeadLetter {
  /** Its number in CHASQUI_DEAD. */
  readonly deadSequence: number;
  readonly diedAt: string;
  readonly consumer: string;
  readonly reason: string;
  readonly id: string;
  readonly subject: string;
  readonly stream: string;
  readonly sequence: number;
  readonly data: Uint8Array;
  readonly headers: readonly (readonly [string, string])[];
}

/** The youngest letters, youngest first. */
export async function listDead(
  options: AdminOptions & { readonly limit: number },
): Promise<DeadLetter[]> {
  const link = await openAdmin(options);
  try {
    const { firstSequence, lastSequence } = await streamInfo(link, DEAD_STREAM);
    const letters: DeadLetter[] = [];
    const first = Math.max(1, firstSequence); // a stream that never had a letter says 0
    for (let at = lastSequence; at >= first && letters.length < options.limit; at--) {
      const letter = await readDead(link, at);
      if (letter !== undefined) letters.push(letter);
    }
    return letters;
  } finally {
    await link.drain();
  }
}

/** Publishes the original to its subject again. Doing it twice within the stream's window is doing it once. */
export async function redrive(
  options: AdminOptions & { readonly deadSequence: number },
): Promise<DeadLetter> {
  const { deadSequence } = options;
  const link = await openAdmin(options);
  try {
    const letter = await readDead(link, deadSequence);
    if (letter === undefined)
      throw new BusError(
        `dead letter ${deadSequence}: not in ${DEAD_STREAM}: want one of the list`,
      );
    const cutFrom = letter.headers.find(([name]) => name === DEAD_HEADERS.cutFrom)?.[1];
    if (cutFrom !== undefined)
      throw new BusError(
        `dead letter ${deadSequence}: its body was cut from ${cutFrom} to ${letter.data.length} bytes ` +
          "and cannot be redriven: want it sent again by its sender",
      );
    const kept = letter.headers.filter(
      ([name]) => !name.startsWith("chasqui-dead-") && !/^nats-/i.test(name),
    );
    // A new id for the stream, which may still remember the old one; readers are told the old one.
    const message = {
      subject: letter.subject,
      data: letter.data,
      id: `redrive:${deadSequence}`,
      headers: { ...Object.fromEntries(kept), [ORIGINAL_ID_HEADER]: letter.id },
    };
    const ack = await new Publisher(link, () => undefined).tryOne(message);
    if (ack.outcome === "refused")
      throw new BusError(
        `dead letter ${deadSequence}: a message of ${letter.subject} is still in ${letter.stream}, ` +
          "where only one may be: want it ended first",
      );
    if (!isStored(ack)) throw notStored(message, ack);
    return letter;
  } finally {
    await link.drain();
  }
}

async function readDead(link: Link, sequence: number): Promise<DeadLetter | undefined> {
  const subject = jetStreamSubjects.messageGet(DEAD_STREAM);
  const answer = await link.request(subject, { seq: sequence }).catch((thrown: unknown) => {
    if (isMessageMissing(thrown)) return undefined;
    throw thrown;
  });
  return answer === undefined ? undefined : parseDead(answer, sequence);
}

function parseDead(answer: object, deadSequence: number): DeadLetter {
  const { message } = answer as {
    message: { subject: string; hdrs?: string; data?: string; time: string };
  };
  const text = Buffer.from(message.hdrs ?? "", "base64").toString("utf8");
  const header = (name: string): string => findHeader(text, name) ?? "";
  return {
    deadSequence,
    diedAt: message.time,
    consumer: message.subject.split(".")[2] ?? "",
    reason: header(DEAD_HEADERS.reason),
    id: header(ORIGINAL_ID_HEADER),
    subject: header(DEAD_HEADERS.subject),
    stream: header(DEAD_HEADERS.stream),
    sequence: Number(header(DEAD_HEADERS.sequence)),
    data: Buffer.from(message.data ?? "", "base64"),
    headers: listHeaders(text),
  };
}
