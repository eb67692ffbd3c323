// Looks at a real HTTP server on this machine.
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { parseSensorConfig } from "../config.ts";
import type { Answer } from "../core/wait.ts";
import { addressPolicy } from "./addresses.ts";
import { BODY_BYTES_MAX, askHttp } from "./ask-http.ts";
import type { Connection } from "./ask-http.ts";

async function setup(listener: RequestListener, allowed = ["127.0.0.1"]) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const connections: Record<string, Connection> = {};
  const http = askHttp({
    policy: addressPolicy(allowed),
    connection(name) {
      const found = connections[name];
      if (found === undefined) throw new Error(`no connection ${JSON.stringify(name)}`);
      return found;
    },
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    connections,
    ask: (config: object, signal = new AbortController().signal): Promise<Answer> =>
      http.ask(parseSensorConfig({ url, ...config }), signal),
    async [Symbol.asyncDispose]() {
      await http.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

test("JSON is parsed, everything else is text", async () => {
  await using t = await setup((request, response) => {
    const isJson = request.url === "/json";
    response.setHeader("content-type", isJson ? "application/json; charset=utf-8" : "text/plain");
    response.end(isJson ? '{"ready":true,"nul":"\\u0000"}' : "{}");
  });
  expect(await t.ask({ url: `${t.url}/json` })).toMatchObject({
    kind: "response",
    status: 200,
    body: { ready: true, nul: "\uFFFD" },
    cut: false,
  });
  expect(await t.ask({})).toMatchObject({ body: "{}", headers: { "content-type": "text/plain" } });
});

test("what says that it is JSON and is not, is text", async () => {
  await using t = await setup((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end("{oops");
  });
  expect(await t.ask({})).toMatchObject({ body: "{oops" });
});

test("a body without end is read up to its bound", async () => {
  await using t = await setup((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(10_000)));
    };
    response.on("drain", more);
    more();
  });
  const answer = await t.ask({});
  expect(answer).toMatchObject({ status: 200, cut: true });
  expect(answer.kind === "response" ? String(answer.body).length : 0).toBe(BODY_BYTES_MAX);
});

test("a redirect is an answer, not followed", async () => {
  const asked: (string | undefined)[] = [];
  await using t = await setup((request, response) => {
    asked.push(request.url);
    response.writeHead(302, { location: "/elsewhere" }).end();
  });
  expect(await t.ask({})).toMatchObject({ status: 302 });
  expect(asked).toEqual(["/"]);
});

test("nobody there is silence", async () => {
  await using t = await setup(() => {});
  const answer = await t.ask({ url: "http://127.0.0.1:1/" });
  expect(answer).toMatchObject({ kind: "silence" });
  expect(answer.kind === "silence" ? answer.message : "").toContain("ECONNREFUSED");
});

test("a look that is broken off is neither silence nor an answer", async () => {
  const asked = Promise.withResolvers<void>();
  await using t = await setup(() => asked.resolve());
  const stopping = new AbortController();
  const answer = t.ask({}, stopping.signal);
  await asked.promise;
  stopping.abort(new Error("the runner stops"));
  await expect(answer).rejects.toThrow("the runner stops");
});

describe("addresses of ours", () => {
  test.each([
    (port: number) => `http://127.0.0.1:${port}/`,
    (port: number) => `http://localhost:${port}/`,
    (port: number) => `http://[::ffff:127.0.0.1]:${port}/`,
    (port: number) => `http://2130706433:${port}/`,
    () => "http://169.254.169.254/latest/meta-data",
  ])("are refused, however they are written", async (urlOf) => {
    let asked = 0;
    await using t = await setup((_request, response) => {
      asked += 1;
      response.end();
    }, []);
    const answer = await t.ask({ url: urlOf(t.port) });
    expect(answer).toMatchObject({ kind: "refused" });
    expect(answer.kind === "refused" ? answer.message : "").toContain("is a private address");
    expect(asked).toBe(0);
  });
});

describe("a connection", () => {
  const seen: IncomingHttpHeaders[] = [];
  const listener: RequestListener = (request, response) => {
    seen.push(request.headers);
    response.end(request.url);
  };

  test("gives the base address and the secret header", async () => {
    await using t = await setup(listener);
    t.connections["routes"] = { type: "http", base_url: `${t.url}/v1/`, token: "s3cret-token" };
    expect(await t.ask({ url: "/ready", connection: "routes" })).toMatchObject({
      body: "/v1/ready",
    });
    expect(seen.at(-1)).toMatchObject({ authorization: "Bearer s3cret-token" });
    t.connections["routes"] = {
      type: "http",
      base_url: t.url,
      token: "s3cret-token",
      header: "X-API-Key",
    };
    await t.ask({ url: t.url, connection: "routes", headers: { "x-api-key": "mine" } });
    expect(seen.at(-1)).toMatchObject({ "x-api-key": "s3cret-token" });
    expect(seen.at(-1)).not.toHaveProperty("authorization");
  });

  test("is for its own address only", async () => {
    await using t = await setup(listener);
    t.connections["routes"] = { type: "http", base_url: "https://api.example", token: "s3cret" };
    const before = seen.length;
    expect(await t.ask({ connection: "routes" })).toEqual({
      kind: "refused",
      message: `${t.url}: connection routes is for https://api.example only`,
    });
    expect(seen).toHaveLength(before);
  });

  test.each([
    [{ type: "postgres" }, "connection routes is of type postgres: want http"],
    [{ type: "http" }, 'connection routes: base_url "": want an address'],
    [undefined, 'no connection "routes"'],
  ])("%j is refused", async (values, message) => {
    await using t = await setup(listener);
    if (values !== undefined) t.connections["routes"] = values;
    expect(await t.ask({ url: "/x", connection: "routes" })).toEqual({ kind: "refused", message });
  });
});
