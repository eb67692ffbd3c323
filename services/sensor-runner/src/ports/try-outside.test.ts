// What a connection test says of each answer, and that its secret goes where it belongs.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startBuckets } from "@chasqui/sandbox";
import { expect, onTestFinished, test } from "vitest";
import { addressPolicy } from "./addresses.ts";
import { tryGcs, tryHttp, tryS3 } from "./try-outside.ts";

async function outside(status: number, body = "") {
  const seen: Record<string, string | string[] | undefined>[] = [];
  const server = createServer((request, response) => {
    seen.push({ ...request.headers, url: request.url });
    response.writeHead(status).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen };
}

const SECRET = "sandbox-secret-key"; // libs/sandbox/README.md
const policy = addressPolicy(["127.0.0.1"]);
const { signal } = new AbortController();
const http = (base: string, more: { token?: string; header?: string } = {}) =>
  ({ type: "http", base_url: base, token: more.token, header: more.header }) as const;

test.each([
  [200, "answered 200"],
  [404, "answered 404"],
])("http: %d is somebody", async (status, said) => {
  const { url } = await outside(status);
  expect(await tryHttp(http(url), policy, signal)).toContain(said);
});

test.each([
  [401, "does not know us: 401"],
  [403, "does not know us: 403"],
  [503, "answered 503"],
])("http: %d is a failure", async (status, said) => {
  const { url } = await outside(status);
  await expect(tryHttp(http(url, { token: "t" }), policy, signal)).rejects.toThrow(said);
});

test("http: the token goes as a task would send it", async () => {
  const { url, seen } = await outside(200);
  await tryHttp(http(url, { token: "sesame" }), policy, signal);
  await tryHttp(http(url, { token: "sesame", header: "x-key" }), policy, signal);
  expect(seen.map((headers) => [headers["authorization"], headers["x-key"]])).toEqual([
    ["Bearer sesame", undefined],
    [undefined, "sesame"],
  ]);
});

test("where sensors may not look, a test does not look either", async () => {
  const { url, seen } = await outside(200);
  await expect(tryHttp(http(url), addressPolicy([]), signal)).rejects.toThrow("127.0.0.1");
  expect(seen).toEqual([]);
});

const s3 = (endpoint: string) =>
  ({
    type: "s3",
    region: "us-east-1",
    endpoint,
    path_style: true,
    access_key_id: "AKIA",
    secret_access_key: "sesame-sesame",
    session_token: undefined,
  }) as const;

test("s3: a signed request; who may not list buckets is known all the same", async () => {
  const good = await outside(200);
  expect(await tryS3(s3(good.url), policy, signal)).toContain("knows the key");
  expect(String(good.seen[0]?.["authorization"])).toContain("Credential=AKIA/");
  const denied = await outside(403, "<Error><Code>AccessDenied</Code></Error>");
  expect(await tryS3(s3(denied.url), policy, signal)).toContain("it lists no buckets");
  const wrong = await outside(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>");
  await expect(tryS3(s3(wrong.url), policy, signal)).rejects.toThrow("403: SignatureDoesNotMatch");
});

test("s3: the local stand-in knows its own key and no other", async () => {
  await using buckets = await startBuckets({ port: 0 });
  const own = { ...s3(buckets.url), access_key_id: "sandbox", secret_access_key: SECRET };
  expect(await tryS3(own, policy, signal)).toContain("knows the key");
  await expect(tryS3({ ...own, secret_access_key: "another" }, policy, signal)).rejects.toThrow(
    "403: SignatureDoesNotMatch",
  );
});

test("gcs: an emulator without a key is asked as anybody would", async () => {
  const { url, seen } = await outside(404);
  const gcs = { type: "gcs", endpoint: url, credentials: undefined } as const;
  expect(await tryGcs(gcs, policy, signal)).toContain("knows us");
  expect(seen[0]?.["authorization"]).toBeUndefined();
  const refused = await outside(401);
  await expect(tryGcs({ ...gcs, endpoint: refused.url }, policy, signal)).rejects.toThrow("401");
});
