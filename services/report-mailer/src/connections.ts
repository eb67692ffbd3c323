// Connections of the environment file as this service needs them. What is wrong there is told with the connection's name.
import { ConnectionError } from "@chasqui/chassis";
import type { SmtpConnection } from "./ports/smtp-mail.ts";

export type ConnectionValues = Readonly<Record<string, string | number | boolean>>;

/** Resolves a name, secrets included; throws a ConnectionError that names those that exist. */
export type ResolveConnection = (name: string) => ConnectionValues;

export interface MailConnection extends SmtpConnection {
  /** Where a catcher that keeps the mails is asked by Message-ID. */
  readonly lookUpUrl: string | undefined;
  /** What Message-IDs end with. */
  readonly domain: string;
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

export function mailConnection(name: string, resolve: ResolveConnection): MailConnection {
  const values = valuesOf(name, "smtp", resolve);
  const text = (key: string): string | undefined =>
    values[key] === undefined || values[key] === "" ? undefined : String(values[key]);
  const wrong = (key: string, want: string): ConnectionError =>
    new ConnectionError(
      `connection ${name}: ${key} is ${JSON.stringify(values[key])}: want ${want}`,
    );
  const host = text("host");
  if (host === undefined) throw wrong("host", "a host");
  const port = Number(text("port") ?? 25);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw wrong("port", "1 to 65535");
  const from = text("from");
  const domain = from === undefined ? undefined : /^[^\r\n]*@([A-Za-z0-9.-]+)>?$/.exec(from)?.[1];
  if (from === undefined || domain === undefined)
    throw wrong("from", 'an address like "Chasqui <reports@example.com>"');
  const [user, password] = [text("user"), text("password")];
  if ((user === undefined) !== (password === undefined))
    throw new ConnectionError(`connection ${name}: want user and password, or neither`);
  // A password goes over an open line only to this machine, unless somebody says so.
  const tls =
    text("tls") ?? (user === undefined || LOOPBACK.test(host) ? "opportunistic" : "required");
  if (tls !== "required" && tls !== "opportunistic" && tls !== "none")
    throw wrong("tls", "required, opportunistic or none");
  const lookUpUrl = text("lookup_url");
  if (lookUpUrl !== undefined && !/^https?:\/\//.test(lookUpUrl))
    throw wrong("lookup_url", "an address like http://host:port/api/mails");
  return { host, port, from, domain, user, password, tls, lookUpUrl };
}

export function warehouseUrl(name: string, resolve: ResolveConnection): string {
  const { url } = valuesOf(name, "postgres", resolve);
  if (typeof url !== "string" || !/^postgres(ql)?:\/\//.test(url))
    throw new ConnectionError(
      `connection ${name}: url: want postgres://user:password@host/database`,
    );
  return url;
}

function valuesOf(name: string, type: string, resolve: ResolveConnection): ConnectionValues {
  const values = resolve(name);
  if (values["type"] !== type)
    throw new ConnectionError(
      `connection ${name} is of type ${JSON.stringify(values["type"])}: want ${type}`,
    );
  return values;
}
