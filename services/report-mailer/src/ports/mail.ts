// What the world of mail looks like from here.
import type { SendResult } from "../core/send-result.ts";

export interface Attachment {
  readonly filename: string;
  readonly contentType: string;
  readonly content: string;
}

/** One mail to one recipient: several would share one fate. */
export interface Mail {
  readonly messageId: string;
  readonly to: { readonly name: string; readonly address: string };
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  readonly attachments: readonly Attachment[];
  readonly headers: Readonly<Record<string, string>>;
}

export interface Mailer {
  /**
   * Sends once, and never by itself again. Begins the mail's body only before `untilMs` of the monotonic clock
   * (performance.now), and gives up at that moment, whatever the server does. Never rejects.
   */
  send(mail: Mail, options: { readonly untilMs: number }): Promise<SendResult>;
  /** Closes the connections. Harmless if repeated. */
  close(): void;
}

/** Somebody who keeps the mails that were taken. Undefined: could not be asked. */
export type LookUpMail = (messageId: string) => Promise<boolean | undefined>;
