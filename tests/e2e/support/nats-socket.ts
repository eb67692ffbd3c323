// The NATS protocol with nothing but a TCP socket, as a team with any language would speak it: no client, no library
// of ours, every byte written here.
import { once } from "node:events";
import { connect } from "node:net";

export interface Publish {
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface NatsSocket extends AsyncDisposable {
  /** Publishes and waits for JetStream's answer, as JSON text. */
  publish(message: Publish): Promise<string>;
  /** Publishes without waiting; `nextError` hears what the server thinks of it. */
  send(message: Publish): void;
  /** The next -ERR of the server. */
  nextError(): Promise<string>;
}

const ANSWER_MS_MAX = 60_000;

export async function natsSocket(login: {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}): Promise<NatsSocket> {
  const socket = connect(login.port, "127.0.0.1");
  await once(socket, "connect");
  const { user, password: pass } = login;
  const inbox = `_INBOX_${user}.plain`;
  const options = { user, pass, headers: true, verbose: false, pedantic: false, lang: "socket" };
  socket.write(`CONNECT ${JSON.stringify(options)}\r\nSUB ${inbox} 1\r\n`);
  const errors = channel(`an error of the server for ${user}`);
  const answers = channel(`an answer of JetStream for ${user}`);
  let unread = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    unread += text;
    for (;;) {
      const end = unread.indexOf("\r\n");
      if (end < 0) return;
      const line = unread.slice(0, end);
      const bytes = /^MSG \S+ \S+ +(\d+)$/.exec(line)?.[1];
      const length = bytes === undefined ? 0 : Number(bytes) + 2; // the answers of JetStream are ASCII
      if (unread.length < end + 2 + length) return;
      if (bytes !== undefined) answers.put(unread.slice(end + 2, end + length));
      else if (line.startsWith("-ERR")) errors.put(line);
      else if (line === "PING") socket.write("PONG\r\n");
      unread = unread.slice(end + 2 + length);
    }
  });
  const write = ({ subject, headers, body }: Publish, reply: string): void => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `NATS/1.0\r\n${lines.join("")}\r\n`;
    const headBytes = Buffer.byteLength(head);
    const sizes = `${headBytes} ${headBytes + Buffer.byteLength(body)}`;
    socket.write(`HPUB ${subject} ${reply}${sizes}\r\n${head}${body}\r\n`);
  };
  return {
    async publish(message) {
      const answer = answers.next();
      write(message, `${inbox} `);
      return answer;
    },
    send: (message) => write(message, ""),
    nextError: () => errors.next(),
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  };
}

/** What came and was not taken yet, and who waits for more. */
function channel(what: string): { put(text: string): void; next(): Promise<string> } {
  const come: string[] = [];
  const waiting: ((text: string) => void)[] = [];
  return {
    put(text) {
      const taker = waiting.shift();
      if (taker === undefined) come.push(text);
      else taker(text);
    },
    next() {
      const first = come.shift();
      if (first !== undefined) return Promise.resolve(first);
      return new Promise((resolve, reject) => {
        const late = (): void =>
          reject(new Error(`not within ${ANSWER_MS_MAX / 1_000} s: ${what}`));
        const timer = setTimeout(late, ANSWER_MS_MAX);
        waiting.push((text) => {
          clearTimeout(timer);
          resolve(text);
        });
      });
    },
  };
}
