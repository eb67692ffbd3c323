// The message that a stream has of one subject, asked for by subject: rights may be given for it.
import { jetStreamSubjects } from "@chasqui/contracts";
import type { Msg } from "nats";
import type { Link } from "./link.ts";
import { headerText } from "./wire-headers.ts";

/** Undefined when there is none; rejects when the stream does not answer. */
export async function lastMessage(
  link: Link,
  stream: string,
  subject: string,
): Promise<Msg | undefined> {
  const message = await link.requestMessage(jetStreamSubjects.lastOfSubject(stream, subject));
  return headerText(message).startsWith("NATS/1.0 404") ? undefined : message;
}
