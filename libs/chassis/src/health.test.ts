import { expect, test } from "vitest";
import { startHealth } from "./health.ts";
import { forgetSecrets, maskSecrets } from "./secrets.ts";

async function setUp(status: () => Record<string, unknown> = () => ({})) {
  const health = await startHealth({ port: 0, status });
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${health.port}${path}`);
    return { code: response.status, body: await response.text() };
  };
  return { health, get, [Symbol.asyncDispose]: () => health.stop(0) };
}

test("live at once, ready when told so, and not any more when told so", async () => {
  await using t = await setUp();
  const changes: boolean[] = [];
  t.health.onReady((ready) => changes.push(ready));
  expect(await t.get("/livez")).toEqual({ code: 200, body: "ok\n" });
  expect(await t.get("/readyz")).toMatchObject({ code: 503 });
  t.health.setReady(true);
  t.health.setReady(true);
  expect(await t.get("/readyz?verbose")).toMatchObject({ code: 200 });
  t.health.setReady(false);
  expect(await t.get("/readyz")).toMatchObject({ code: 503 });
  expect(changes).toEqual([true, false]);
});

test("while it is not ready it says what it waits for", async () => {
  maskSecrets(["token-123456"]);
  await using t = await setUp();
  t.health.waitsFor("stream X of token-123456: does not exist");
  const { code, body } = await t.get("/readyz");
  expect({ code, body }).toEqual({
    code: 503,
    body: "not ready: waits for this: stream X of [secret]: does not exist\n",
  });
  expect(JSON.parse((await t.get("/statusz")).body)).toEqual({
    ready: false,
    waits_for: "stream X of [secret]: does not exist",
  });
  expect(await t.get("/livez")).toMatchObject({ code: 200 });
  t.health.waitsFor(undefined);
  expect(await t.get("/readyz")).toEqual({ code: 503, body: "not ready\n" });
  forgetSecrets();
});

test("status is JSON, with secrets masked", async () => {
  maskSecrets(["token-123456"]);
  await using t = await setUp(() => ({ inFlight: 3, last: 5n, error: "bad token-123456" }));
  const { code, body } = await t.get("/statusz");
  expect(code).toBe(200);
  expect(JSON.parse(body)).toEqual({ ready: false, inFlight: 3, last: "5", error: "bad [secret]" });
  forgetSecrets();
});

test("a status that cannot be told does not take the server down", async () => {
  await using t = await setUp(() => {
    throw new Error("no backlog");
  });
  expect(await t.get("/statusz")).toMatchObject({ code: 500 });
  expect(await t.get("/livez")).toMatchObject({ code: 200 });
});

test("other paths are told what there is", async () => {
  await using t = await setUp();
  expect(await t.get("/")).toEqual({ code: 404, body: "want /livez, /readyz or /statusz\n" });
});

test("a taken port is an error that names it", async () => {
  await using t = await setUp();
  await expect(startHealth({ port: t.health.port, status: () => ({}) })).rejects.toThrow(
    `health server cannot listen on 127.0.0.1:${t.health.port}`,
  );
});

test("stop ends connections that a prober keeps open, and may be repeated", async () => {
  const t = await setUp();
  await t.get("/livez");
  await t.health.stop(0);
  await t.health.stop(0);
  await expect(t.get("/livez")).rejects.toThrow(/fetch|ECONN/i);
});
