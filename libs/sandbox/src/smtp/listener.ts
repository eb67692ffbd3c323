// The SMTP side: smtp-server behind a port that a script can close and open again.
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";
import { listenLocal } from "../web/listen.ts";
import type { PortRequest } from "../web/listen.ts";
import type { MailFaults } from "./faults.ts";
import type { Envelope } from "./mail.ts";
import type { MailStore } from "./store.ts";

const MAIL_BYTES_MAX = 25_000_000;

export interface SmtpListener {
  readonly port: number;
  /** Refuses connections until open() is called. */
  shut(): Promise<void>;
  open(): Promise<void>;
}

export async function startListener(
  request: PortRequest,
  world: { store: MailStore; faults: MailFaults },
): Promise<SmtpListener> {
  const sockets = new Set<Socket>();
  const smtp = createSmtp(world, (remotePort) => {
    for (const socket of sockets) if (socket.remotePort === remotePort) socket.destroy();
  });
  let server: Server | undefined;
  const open = async (port: number): Promise<number> => {
    const opened = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => {}); // the sender left
      smtp.connect(socket);
    });
    const bound = await listenLocal(opened, { ...request, port });
    server = opened;
    return bound;
  };
  const port = await open(request.port);
  return {
    port,
    async open() {
      if (server === undefined) await open(port);
    },
    async shut() {
      const closing = server;
      server = undefined;
      for (const socket of sockets) socket.destroy();
      if (closing !== undefined) await new Promise((resolve) => closing.close(resolve));
    },
  };
}

function createSmtp(
  world: { store: MailStore; faults: MailFaults },
  drop: (remotePort: number) => void,
): SMTPServer {
  const { store, faults } = world;
  const smtp = new SMTPServer({
    banner: "chasqui sandbox",
    disabledCommands: ["STARTTLS"],
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    size: MAIL_BYTES_MAX,
    logger: false,
    onAuth(auth, _session, callback) {
      if (auth.password === "invalid") callback(refusal(535, "5.7.8 bad credentials"));
      else callback(null, { user: auth.username ?? "anyone" });
    },
    onRcptTo({ address }, _session, callback) {
      const refused = faults.refusalOf(address);
      callback(refused === undefined ? null : refusal(refused.code, refused.text));
    },
    onData(stream, session, callback) {
      const { mailFrom, rcptTo } = session.envelope;
      const envelope = {
        from: mailFrom === false ? "" : mailFrom.address,
        to: rcptTo.map(({ address }) => address),
      };
      void settle(receive(stream, envelope), callback, () => drop(session.remotePort));
    },
  });
  smtp.on("error", () => {}); // of one connection: the sender saw it
  const receive = async (
    stream: NodeJS.ReadableStream & { readonly sizeExceeded: boolean },
    envelope: Envelope,
  ): Promise<string> => {
    const source = await buffer(stream);
    if (stream.sizeExceeded) throw refusal(552, `5.3.4 larger than ${MAIL_BYTES_MAX} bytes`);
    const fault = faults.takeForMail();
    if (fault?.mode === "drop-before-data") return "drop";
    if (fault?.mode === "reject") throw refusal(fault.code, "scripted by the sandbox");
    const mail = await store.accept(envelope, source);
    if (fault?.mode === "drop-after-data") return "drop";
    if (fault?.mode === "slow") await new Promise((resolve) => setTimeout(resolve, fault.ms));
    return `2.0.0 kept as ${mail.id}`;
  };
  return smtp;
}

/** Tells smtp-server how a mail ended, or breaks the connection without a word. */
async function settle(
  outcome: Promise<string>,
  callback: (error: Error | null, answer?: string) => void,
  drop: () => void,
): Promise<void> {
  try {
    const answer = await outcome;
    if (answer === "drop") drop();
    else callback(null, answer);
  } catch (error) {
    callback(error instanceof Error ? error : new Error(String(error)));
  }
}

function refusal(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}
