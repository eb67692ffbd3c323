// For the tests of the servers: a NATS client of twenty lines, and a child process that owns servers.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export async function connectTo(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  return socket;
}

/** Resolves when the other side is gone, in whatever manner. */
export function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("error", () => undefined); // a reset is an end, too
    socket.once("close", () => resolve());
    socket.resume();
  });
}

export interface RawNatsOptions {
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
}

/** Sends one request by the bare protocol; resolves with the reply's body, or rejects with the server's -ERR. */
export async function requestNats(
  { port, user, password }: RawNatsOptions,
  subject: string,
  body: string,
): Promise<string> {
  const socket = await connectTo(port);
  try {
    const login = { verbose: false, user, pass: password };
    socket.write(`CONNECT ${JSON.stringify(login)}\r\nSUB _INBOX.one 1\r\n`);
    socket.write(`PUB ${subject} _INBOX.one ${Buffer.byteLength(body)}\r\n${body}\r\n`);
    let text = "";
    for await (const chunk of socket) {
      text += String(chunk);
      const refused = /^-ERR .*$/m.exec(text);
      if (refused !== null) throw new Error(refused[0]);
      const reply = /^MSG _INBOX\.one 1 (\d+)\r\n/m.exec(text);
      if (reply === null) continue;
      const start = reply.index + reply[0].length;
      if (text.length >= start + Number(reply[1]))
        return text.slice(start, start + Number(reply[1]));
    }
    throw new Error(`the connection ended after ${JSON.stringify(text)}`);
  } finally {
    socket.destroy();
  }
}

/** Names of the streams, by JetStream's own API. */
export async function streamNames(nats: RawNatsOptions): Promise<string[]> {
  const reply: unknown = JSON.parse(await requestNats(nats, "$JS.API.STREAM.NAMES", ""));
  const { streams } = reply as { streams: string[] | null };
  return streams ?? [];
}

export async function addStream(nats: RawNatsOptions, name: string): Promise<void> {
  const config = { name, subjects: [`${name}.>`], storage: "file" };
  const reply = await requestNats(nats, `$JS.API.STREAM.CREATE.${name}`, JSON.stringify(config));
  if (reply.includes('"error"')) throw new Error(reply);
}

/** Another Node that runs `source` (a module); its lines of output are read one by one. */
export function nodeProcess(source: string, user?: { uid: number; gid: number }) {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", source], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: user === undefined ? process.cwd() : "/",
    ...user,
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    line: async (): Promise<string> => {
      const next: IteratorResult<string, unknown> = await lines.next();
      if (next.done === true) throw new Error("the process ended without another line");
      return next.value;
    },
    kill: () => child.kill("SIGKILL"),
    exited: once(child, "exit"),
  };
}
