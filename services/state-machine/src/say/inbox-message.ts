// A message of the INBOX: its aggregate decides the partition, its derived id makes saying it twice saying it once.
import { create, toBinary } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { OutMessage } from "@chasqui/bus";
import { InboxMessageSchema, subjects } from "@chasqui/contracts";
import type { InboxWhat } from "@chasqui/contracts";

export type Body = NonNullable<MessageInitShape<typeof InboxMessageSchema>["body"]>;

export function inboxMessage(
  what: InboxWhat,
  aggregateId: string,
  id: string,
  body: Body,
  extra: { traceparent?: string; replyTo?: string } = {},
): OutMessage {
  const message = create(InboxMessageSchema, { id, replyTo: extra.replyTo ?? "", body });
  return {
    subject: subjects.inbox(what, aggregateId),
    bundle: what, // of all partitions: what one commit causes is one commit again
    data: toBinary(InboxMessageSchema, message),
    id,
    traceparent: extra.traceparent,
  };
}
