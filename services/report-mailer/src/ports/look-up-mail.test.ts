// Asking a catcher: only an answer that says so is a yes or a no.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lookUpMailAt } from "./look-up-mail.ts";

/** Answers with what the address' path says: a status, then a body. */
let server: Server;
let base = "";
const asked: (string | null)[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://catcher");
    asked.push(url.searchParams.get("messageId"));
    const [, status, body = ""] = decodeURIComponent(url.pathname).split("/");
    response.writeHead(Number(status)).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  base = `http://127.0.0.1:${port}`;
});
afterAll(() => void server.close());

const ID = "<mail-1@x.example>";
const ask = async (status: number, body: string): Promise<boolean | undefined> =>
  await lookUpMailAt(`${base}/${status}/${encodeURIComponent(body)}?keep=1`)(ID);

test.each([
  [200, `{"mails":[{"messageId":"${ID}"}]}`, true],
  [200, `[{"messageId":"mail-1@x.example"}]`, true],
  [200, `{"mails":[]}`, false],
  [404, "", false],
  [200, `{"mails":[{"messageId":"<other@x.example>"}]}`, undefined],
  [200, `{"total":0}`, undefined],
  [200, "no JSON", undefined],
  [503, "", undefined],
])("%i %s means %s", async (status, body, answer) => {
  expect(await ask(status, body)).toBe(answer);
  expect(asked.at(-1)).toBe(ID);
});

test("a catcher that is away is no answer", async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const { port } = closed.address() as AddressInfo; // it listens on TCP
  await new Promise((resolve) => closed.close(resolve));
  expect(await lookUpMailAt(`http://127.0.0.1:${port}/`)(ID)).toBeUndefined();
});
