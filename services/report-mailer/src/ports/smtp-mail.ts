// Mail by SMTP, through nodemailer's pool.
// Invariants:
//   M1. One send here is at most one body offered to a server: nothing retries, neither we nor the pool.
//   M2. Whether the body was begun is seen, not guessed: the body is a stream that notes when it is first read, which
//       is after the server said 354.
//   M3. After `untilMs` no more of a body is handed over: a process that slept through its lease sends nothing whole.
import { Readable } from "node:stream";
import { createTransport } from "nodemailer";
import type { SendError, SendResult } from "../core/send-result.ts";
import { sendResultOf } from "../core/send-result.ts";
import type { Mail, Mailer } from "./mail.ts";

export interface SmtpConnection {
  readonly host: string;
  readonly port: number;
  readonly from: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** `required`: no mail over a line that is not encrypted. */
  readonly tls: "required" | "opportunistic" | "none";
}

const CONNECT_MS_MAX = 10_000;
const SILENCE_MS_MAX = 15_000;
/** Implicit TLS from the first byte, as RFC 8314 has it. */
const SUBMISSIONS_PORT = 465;

interface Body {
  begun: boolean;
}

export function smtpMailer(
  connection: SmtpConnection,
  { connectionsMax }: { readonly connectionsMax: number },
): Mailer {
  const transport = createTransport({
    pool: true,
    maxConnections: connectionsMax,
    // The pool's default is to send a mail again, up to five times, when a connection ends under it.
    maxRequeues: 0,
    ...serverOf(connection),
  });
  const bodies = new Map<string, { body: Body; untilMs: number }>();
  transport.use("stream", (mail, done) => {
    const watched = bodies.get(mail.message.messageId());
    const open = mail.message.createReadStream.bind(mail.message);
    if (watched) mail.message.createReadStream = () => guarded(open(), watched);
    done();
  });
  return {
    send: (mail, { untilMs }) => sendOnce(mail, untilMs),
    close: () => transport.close({ force: true }),
  };

  async function sendOnce(mail: Mail, untilMs: number): Promise<SendResult> {
    const body: Body = { begun: false };
    bodies.set(mail.messageId, { body, untilMs });
    const signal = AbortSignal.timeout(Math.max(0, Math.ceil(untilMs - performance.now())));
    try {
      const info = await transport.sendMail({
        from: connection.from,
        to: mail.to,
        messageId: mail.messageId,
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        headers: { ...mail.headers },
        attachments: mail.attachments.map((attachment) => ({ ...attachment })),
        signal,
      });
      // With one recipient a refused one is an error, so this is an acceptance.
      return {
        kind: "accepted",
        evidence: { response: String(info.response ?? "").slice(0, 300) },
      };
    } catch (thrown) {
      return sendResultOf(sendErrorOf(thrown, body.begun));
    } finally {
      bodies.delete(mail.messageId);
    }
  }
}

/** Greets the server and logs in; sends nothing. */
export async function verifyMail(connection: SmtpConnection): Promise<void> {
  const transport = createTransport(serverOf(connection));
  try {
    await transport.verify();
  } finally {
    transport.close();
  }
}

function serverOf({ host, port, tls, user, password: pass }: SmtpConnection) {
  return {
    host,
    port,
    secure: port === SUBMISSIONS_PORT,
    requireTLS: tls === "required",
    ignoreTLS: tls === "none",
    connectionTimeout: CONNECT_MS_MAX,
    greetingTimeout: CONNECT_MS_MAX,
    socketTimeout: SILENCE_MS_MAX,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(user === undefined || pass === undefined ? {} : { auth: { user, pass } }),
  };
}

/** Reads the message only when somebody asks for it, and stops in the middle when the time is over. */
function guarded(source: Readable, watched: { body: Body; untilMs: number }): Readable {
  async function* read(): AsyncGenerator<Buffer> {
    const refuseLate = (): void => {
      if (performance.now() >= watched.untilMs) throw new Error("the claim's time is over");
    };
    refuseLate();
    watched.body.begun = true;
    for await (const chunk of source) {
      refuseLate();
      yield chunk;
    }
    refuseLate();
  }
  return Readable.from(read(), { objectMode: false });
}

/** In place of what the client calls its own doing. */
const SAID: Readonly<Record<string, string>> = {
  EABORT: "no answer in time",
  ECONNECTION: "the connection was closed",
};

function sendErrorOf(thrown: unknown, bodyBegun: boolean): SendError {
  if (!(thrown instanceof Error)) return { bodyBegun, message: String(thrown) };
  const text = (key: string): string | undefined => {
    const value: unknown = Reflect.get(thrown, key);
    return typeof value === "string" ? value : undefined;
  };
  const responseCode: unknown = Reflect.get(thrown, "responseCode");
  const code = text("code");
  return {
    bodyBegun,
    message: SAID[code ?? ""] ?? thrown.message,
    code,
    responseCode: typeof responseCode === "number" ? responseCode : undefined,
    response: text("response"),
    command: text("command"),
  };
}
