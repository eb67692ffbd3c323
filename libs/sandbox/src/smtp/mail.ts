// One caught mail, parsed by mailparser.
import type { AddressObject } from "mailparser";

export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
}

export interface MailAttachment {
  readonly index: number;
  readonly filename: string;
  readonly contentType: string;
  readonly size: number;
}

export interface MailSummary {
  readonly id: string;
  readonly receivedAt: string;
  /** What the SMTP session said: who really gets it. */
  readonly envelope: Envelope;
  /** What the headers say, as people see it. */
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  readonly subject: string;
  /** With its angle brackets. */
  readonly messageId: string;
  readonly date: string | undefined;
  /** Lower-case names; a header that came twice has its values on lines. */
  readonly headers: Readonly<Record<string, string>>;
  readonly attachments: readonly MailAttachment[];
  readonly size: number;
}

export interface CaughtMail extends MailSummary {
  readonly text: string;
  /** Empty when the mail has no HTML. */
  readonly html: string;
}

export async function parseMail(
  known: Pick<MailSummary, "id" | "receivedAt" | "envelope">,
  source: Buffer,
): Promise<CaughtMail> {
  const { simpleParser } = await import("mailparser"); // 29 MB: only once there is a mail
  const parsed = await simpleParser(source, { skipTextToHtml: true, skipImageLinks: false });
  const headers: Record<string, string> = {};
  for (const { key, line } of parsed.headerLines) {
    const value = line
      .slice(line.indexOf(":") + 1)
      .replace(/\r?\n[ \t]+/g, " ")
      .trim();
    headers[key] = headers[key] === undefined ? value : `${headers[key]}\n${value}`;
  }
  return {
    ...known,
    from: addressText(parsed.from),
    to: addressText(parsed.to),
    cc: addressText(parsed.cc),
    subject: parsed.subject ?? "",
    messageId: parsed.messageId ?? "",
    date: parsed.date?.toISOString(),
    headers,
    attachments: parsed.attachments.map((attachment, index) => ({
      index,
      filename: attachment.filename ?? `attachment-${index}`,
      contentType: attachment.contentType,
      size: attachment.size,
    })),
    size: source.length,
    text: parsed.text ?? "",
    html: parsed.html === false ? "" : (parsed.html ?? ""),
  };
}

/** The content of an attachment, taken from the source again. */
export async function readAttachment(
  source: Buffer,
  index: number,
): Promise<{ content: Buffer; contentType: string; filename: string } | undefined> {
  const { simpleParser } = await import("mailparser");
  const attachment = (await simpleParser(source)).attachments[index];
  if (attachment === undefined) return undefined;
  const { content, contentType, filename = `attachment-${index}` } = attachment;
  return { content, contentType, filename };
}

export function summaryOf(mail: CaughtMail): MailSummary {
  const { text: _text, html: _html, ...summary } = mail;
  return summary;
}

function addressText(addresses: AddressObject | AddressObject[] | undefined): string {
  if (addresses === undefined) return "";
  return [addresses]
    .flat()
    .map(({ text }) => text)
    .join(", ");
}
