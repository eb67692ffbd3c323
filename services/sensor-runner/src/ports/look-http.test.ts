// Looks at a real HTTP server on this machine.
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import type { Seen } from "../core/wait.ts";
import { parseHttp } from "../kinds/http.ts";
import { CannotAsk } from "../kinds/kind.ts";
import { lookAt } from "../testing/look-at.ts";
import { addressPolicy } from "./addresses.ts";
import { testConnections } from "../testing/connections.ts";
import { BODY_BYTES_MAX, httpLooker } from "./look-http.ts";

/** Whatever is answered is there: the output shows it. */
const ANY = [200, 204, 302, 503];

async function setup(listener: RequestListener, allowed = ["127.0.0.1"]) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const stack = new AsyncDisposableStack();
  const connections: Record<string, object> = {};
  const env = { TOKEN: "s3cret-token" };
  const looker = () =>
    httpLooker({
      policy: addressPolicy(allowed),
      connections: testConnections(connections, env),
    });
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    connections,
    look: (config: object, signal = new AbortController().signal): Promise<Seen> =>
      stack
        .adopt(looker(), (one) => one.close())
        .look(parseHttp({ url, expect: { status: ANY }, ...config }).of, lookAt({ signal })),
    async [Symbol.asyncDispose]() {
      await stack.disposeAsync();
      server.closeAllConnections();
      server.close();
    },
  };
}

test("JSON is parsed, everything else is text", async () => {
  await using t = await setup((request, response) => {
    const isJson = request.url === "/json";
    response.setHeader("content-type", isJson ? "application/json; charset=utf-8" : "text/plain");
    response.end(isJson ? '{"ready":true}' : "{}");
  });
  expect(await t.look({ url: `${t.url}/json` })).toMatchObject({
    is: "there",
    output: { status: 200, body: { ready: true } },
  });
  expect(await t.look({})).toMatchObject({ output: { body: "{}" } });
});

test("what says that it is JSON and is not, is text", async () => {
  await using t = await setup((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end("{oops");
  });
  expect(await t.look({})).toMatchObject({ output: { body: "{oops" } });
});

test("a body without end is read up to its bound", async () => {
  await using t = await setup((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(10_000)));
    };
    response.on("drain", more);
    more();
  });
  const body = "x".repeat(BODY_BYTES_MAX);
  expect(await t.look({})).toMatchObject({ output: { status: 200, body, cut: true } });
});

test("a redirect is an answer, not followed", async () => {
  const asked: (string | undefined)[] = [];
  await using t = await setup((request, response) => {
    asked.push(request.url);
    response.writeHead(302, { location: "/elsewhere" }).end();
  });
  expect(await t.look({})).toMatchObject({ output: { status: 302 } });
  expect(asked).toEqual(["/"]);
});

test("nobody there is an error that names the host", async () => {
  await using t = await setup(() => {});
  const look = t.look({ url: "http://127.0.0.1:1/" });
  await expect(look).rejects.toThrow(/^127.0.0.1:1: .*ECONNREFUSED/);
  await expect(look).rejects.not.toBeInstanceOf(CannotAsk);
});

test("conditions are asked of what was answered", async () => {
  await using t = await setup((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end('{"state":"broken"}');
  });
  const state = (wanted: string): string => `response.body.state == '${wanted}'`;
  expect(await t.look({ expect: { body: state("ready") } })).toMatchObject({ is: "not_yet" });
  expect(await t.look({ expect: { body: state("broken") } })).toMatchObject({ is: "there" });
  expect(await t.look({ fail_when: state("broken") })).toMatchObject({ is: "over" });
});

test("a look that is broken off fails", async () => {
  const asked = Promise.withResolvers<void>();
  await using t = await setup(() => asked.resolve());
  const stopping = new AbortController();
  const answer = t.look({}, stopping.signal);
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
    const look = t.look({ url: urlOf(t.port) });
    await expect(look).rejects.toThrow("is a private address");
    await expect(look).rejects.toBeInstanceOf(CannotAsk);
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
    t.connections["routes"] = { type: "http", base_url: `${t.url}/v1/`, token: "env:TOKEN" };
    expect(await t.look({ url: "/ready", connection: "routes" })).toMatchObject({
      output: { body: "/v1/ready" },
    });
    expect(seen.at(-1)).toMatchObject({ authorization: "Bearer s3cret-token" });
    t.connections["routes"] = {
      type: "http",
      base_url: t.url,
      token: "env:TOKEN",
      header: "X-API-Key",
    };
    await t.look({ url: t.url, connection: "routes", headers: { "x-api-key": "mine" } });
    expect(seen.at(-1)).toMatchObject({ "x-api-key": "s3cret-token" });
    expect(seen.at(-1)).not.toHaveProperty("authorization");
  });

  test("is for its own address only", async () => {
    await using t = await setup(listener);
    t.connections["routes"] = { type: "http", base_url: "https://api.example", token: "env:TOKEN" };
    const before = seen.length;
    await expect(t.look({ connection: "routes" })).rejects.toThrow(
      new CannotAsk(`${t.url}: connection routes is for https://api.example only`),
    );
    expect(seen).toHaveLength(before);
  });

  test.each([
    [{ type: "postgres", url: "env:TOKEN" }, 'connection routes is of type "postgres": want http'],
    [{ type: "http", base_url: "env:NO_URL" }, "base_url is env:NO_URL, which is not there"],
    [undefined, 'no connection "routes"'],
  ])("%j is refused", async (values, message) => {
    await using t = await setup(listener);
    if (values !== undefined) t.connections["routes"] = values;
    const look = t.look({ url: "/x", connection: "routes" });
    await expect(look).rejects.toThrow(message);
    await expect(look).rejects.toBeInstanceOf(CannotAsk);
  });
});
