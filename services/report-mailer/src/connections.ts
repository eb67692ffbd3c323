// The mail connection of the environment file as this service needs it. What is wrong there is told with its name.
import { ConnectionError, type ConnectionOf } from "@chasqui/chassis";
import type { SmtpConnection } from "./ports/smtp-mail.ts";

export interface MailConnection extends SmtpConnection {
  /** Where a catcher that keeps the mails is asked by Message-ID. */
  readonly lookUpUrl: string | undefined;
  /** What Message-IDs end with. */
  readonly domain: string;
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

export function mailConnection(name: string, values: ConnectionOf<"smtp">): MailConnection {
  const { host, port = 25, from, user, password, lookup_url: lookUpUrl } = values;
  const domain = /^[^\r\n]*@([A-Za-z0-9.-]+)>?$/.exec(from)?.[1];
  if (domain === undefined)
    throw new ConnectionError(
      `connection ${name}: from is ${JSON.stringify(from)}: want an address like "Chasqui <reports@example.com>"`,
    );
  if ((user === undefined) !== (password === undefined))
    throw new ConnectionError(`connection ${name}: want user and password, or neither`);
  // A password goes over an open line only to this machine, unless somebody says so.
  const tls =
    values.tls ?? (user === undefined || LOOPBACK.test(host) ? "opportunistic" : "required");
  return { host, port, from, domain, user, password, tls, lookUpUrl };
}
