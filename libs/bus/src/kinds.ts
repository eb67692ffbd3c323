// Task kinds, announced by the runners that run them, in a key-value bucket: one message per kind, the last counts.
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  bucketStream,
  bucketSubject,
  KindAnnouncementSchema,
  kindToken,
  type KindAnnouncement,
} from "@chasqui/contracts";
import { reasonOf } from "./errors.ts";
import { streamInfo } from "./jetstream-api.ts";
import { lastMessage } from "./last-message.ts";
import type { Link } from "./link.ts";
import { isStored, notStored, type Publisher } from "./publisher.ts";
import { headerText } from "./wire-headers.ts";

const BUCKET = "CHASQUI_KINDS";
const AGAIN_DELAY_MS = 2_000;

export interface Kinds {
  /** Resolves although the bucket is gone or the broker away: it is said until it is stored. */
  announce(announcement: KindAnnouncement): Promise<void>;
  list(): Promise<KindAnnouncement[]>;
}

export function createKinds(link: Link, publisher: Publisher): Kinds {
  const announced = new Map<string, Uint8Array>();
  let timer: NodeJS.Timeout | undefined;

  const put = (subject: string, data: Uint8Array): Promise<void> =>
    publisher.publishOne({ subject, data });

  // A broker that came back may have lost its store; saying it again costs one message.
  async function sayAgain(): Promise<void> {
    clearTimeout(timer);
    try {
      for (const [subject, data] of announced) await put(subject, data);
    } catch (thrown) {
      later(reasonOf(thrown));
    }
  }

  function later(err: string): void {
    link.log.warn({ err }, "bus: kinds not announced, trying again");
    clearTimeout(timer);
    if (link.state === "connected")
      timer = setTimeout(() => void sayAgain(), AGAIN_DELAY_MS).unref();
  }
  link.onReconnect(() => void sayAgain());

  async function read(subject: string): Promise<KindAnnouncement | undefined> {
    const stream = bucketStream(BUCKET);
    const message = await lastMessage(link, stream, subject);
    if (message === undefined || headerText(message).includes("\r\nKV-Operation:"))
      return undefined;
    return fromBinary(KindAnnouncementSchema, message.data);
  }

  return {
    async announce(announcement) {
      const subject = bucketSubject(BUCKET, kindToken(announcement.kind));
      const data = toBinary(KindAnnouncementSchema, announcement);
      const ack = await publisher.tryOne({ subject, data });
      if (ack.isForbidden) throw notStored({ subject, data }, ack);
      announced.set(subject, data);
      if (!isStored(ack)) later(ack.reason ?? ack.outcome);
    },
    async list() {
      const { subjects } = await streamInfo(link, bucketStream(BUCKET), bucketSubject(BUCKET, ">"));
      const all = await Promise.all(Object.keys(subjects).sort().map(read));
      return all.filter((announcement) => announcement !== undefined);
    },
  };
}
