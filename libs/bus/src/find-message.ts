// Stored messages found one by one, by questions to the stream and without a consumer: for readers that look rarely
// and are many.
// Invariants:
//   M1. What is found is the first message of the filter behind the place, or none was there when it was asked for.
//   M2. A time is turned into a place by halving: some twenty questions, however long the stream is.
import { jetStreamSubjects } from "@chasqui/contracts";
import { isMessageMissing, streamInfo } from "./jetstream-api.ts";
import type { Link } from "./link.ts";
import type { StoredMessage, StreamPlace } from "./types.ts";
import { findHeader } from "./wire-headers.ts";

export async function findMessage(
  link: Link,
  stream: string,
  filter: string,
  from: StreamPlace,
): Promise<StoredMessage | undefined> {
  const first =
    "afterSequence" in from ? from.afterSequence + 1 : await firstSince(link, stream, from.sinceMs);
  return nextFrom(link, stream, { filter, sequence: first });
}

/** The sequence of the first message that the stream took at that time or later; behind the last when there is none. */
async function firstSince(link: Link, stream: string, sinceMs: number): Promise<number> {
  const { firstSequence, lastSequence } = await streamInfo(link, stream);
  let low = Math.max(1, firstSequence);
  let high = lastSequence + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await nextFrom(link, stream, { filter: ">", sequence: middle });
    if (found === undefined || found.publishedMs >= sinceMs) high = middle;
    else low = found.streamSequence + 1; // what lay between was deleted
  }
  return low;
}

async function nextFrom(
  link: Link,
  stream: string,
  { filter, sequence }: { readonly filter: string; readonly sequence: number },
): Promise<StoredMessage | undefined> {
  const question = { seq: sequence, next_by_subj: filter };
  try {
    return parseStored(await link.request(jetStreamSubjects.messageGet(stream), question));
  } catch (thrown) {
    if (isMessageMissing(thrown)) return undefined;
    throw thrown;
  }
}

function parseStored(answer: object): StoredMessage {
  const { message } = answer as {
    message: { subject: string; seq: number; hdrs?: string; data?: string; time: string };
  };
  const text = Buffer.from(message.hdrs ?? "", "base64").toString("utf8");
  return {
    subject: message.subject,
    streamSequence: message.seq,
    publishedMs: Date.parse(message.time),
    data: Buffer.from(message.data ?? "", "base64"),
    header: (name) => findHeader(text, name),
  };
}
