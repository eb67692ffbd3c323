// The buckets as a client sees them. The clients of the sensors are tested against them, too.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { startBuckets } from "./server.ts";
import { checkSignature } from "./signature.ts";

describe("signatures", () => {
  // The example of Amazon's own description of Signature Version 4, "GET Object".
  const key = { id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
  const nowMs = Date.parse("2013-05-24T00:00:00Z");
  const signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
  const request = {
    method: "GET",
    url: "/test.txt",
    headers: {
      host: "examplebucket.s3.amazonaws.com",
      range: "bytes=0-9",
      "x-amz-content-sha256": createHash("sha256").digest("hex"),
      "x-amz-date": "20130524T000000Z",
      authorization:
        `AWS4-HMAC-SHA256 Credential=${key.id}/20130524/us-east-1/s3/aws4_request,` +
        `SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=${signature}`,
    },
  };
  const checked = (change: object, options: object = {}): unknown =>
    checkSignature(
      { ...request, headers: { ...request.headers, ...change } },
      { nowMs, key, ...options },
    );

  test("Amazon's example is good; what was changed on the way is not", () => {
    expect(checked({})).toBe("good");
    expect(checked({ range: "bytes=0-99" })).toMatchObject({ code: "SignatureDoesNotMatch" });
    expect(checkSignature({ ...request, url: "/other.txt" }, { nowMs, key })).toMatchObject({
      code: "SignatureDoesNotMatch",
    });
  });

  test("old, of another key, malformed, or none", () => {
    expect(checked({}, { nowMs: nowMs + 16 * 60_000 })).toMatchObject({
      code: "RequestTimeTooSkewed",
    });
    expect(checked({}, { key: { ...key, id: "another" } })).toMatchObject({
      code: "InvalidAccessKeyId",
    });
    expect(checked({ authorization: "Bearer x" })).toMatchObject({
      code: "AuthorizationHeaderMalformed",
    });
    expect(checkSignature({ ...request, headers: {} }, { nowMs, key })).toBe("unsigned");
  });
});

test("both protocols show the same objects", async () => {
  await using t = await startBuckets({ port: 0 });
  const at = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`${t.url}${path}`, init);
  const put = await at("/sandbox/objects/public-data/a/b%20c.txt?modified=2026-01-02T03:04:05Z", {
    method: "PUT",
    body: "hello",
  });
  expect(await put.json()).toMatchObject({ bucket: "public-data", key: "a/b c.txt", bytes: 5 });
  const object = await at("/public-data/a/b%20c.txt");
  expect(await object.text()).toBe("hello");
  expect(object.headers.get("last-modified")).toBe("Fri, 02 Jan 2026 03:04:05 GMT");
  const s3 = await (await at("/public-data?list-type=2&prefix=a/&encoding-type=url")).text();
  expect(s3).toContain(
    "<Key>a%2Fb+c.txt</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>",
  );
  const gcs = await (await at("/storage/v1/b/public-data/o/a%2Fb%20c.txt")).json();
  expect(gcs).toMatchObject({ name: "a/b c.txt", size: "5", updated: "2026-01-02T03:04:05.000Z" });
  const upload = "/upload/storage/v1/b/public-data/o?uploadType=media&name=z";
  expect((await at(upload, { method: "POST", body: "zz" })).status).toBe(200);
  expect(await (await at("/storage/v1/b/public-data/o/z?alt=media")).text()).toBe("zz");
  expect((await at("/public-data/z", { method: "DELETE" })).status).toBe(204);
  expect((await at("/public-data/z")).status).toBe(404);
});

test("what is unsigned, unknown or of a bad token is refused as the services do", async () => {
  await using t = await startBuckets({ port: 0 });
  t.store.put({ bucket: "private", key: "a", body: Buffer.from("x") });
  expect(await (await fetch(`${t.url}/private/a`)).text()).toContain("<Code>AccessDenied</Code>");
  expect(await (await fetch(`${t.url}/public-none/a`)).text()).toContain("NoSuchBucket");
  const headers = { authorization: "Bearer stolen" };
  expect((await fetch(`${t.url}/storage/v1/b/private/o/a`, { headers })).status).toBe(401);
  const token = await fetch(`${t.url}/token`, { method: "POST", body: "grant_type=password" });
  expect(token.status).toBe(400);
});

test("faults are scripted, requests are noted", async () => {
  await using t = await startBuckets({ port: 0 });
  t.store.createBucket("public-a");
  const body = JSON.stringify({ status: 503, times: 1, path: "/public-a" });
  await fetch(`${t.url}/sandbox/faults`, { method: "POST", body });
  const statuses = [];
  for (let n = 0; n < 2; n++) statuses.push((await fetch(`${t.url}/public-a?list-type=2`)).status);
  expect(statuses).toEqual([503, 200]);
  const { requests } = (await (await fetch(`${t.url}/sandbox/requests`)).json()) as {
    requests: unknown[];
  };
  expect(requests).toMatchObject([
    { method: "GET", path: "/public-a", status: 503 },
    { method: "GET", path: "/public-a", query: "list-type=2", status: 200 },
  ]);
  const nonsense = await fetch(`${t.url}/sandbox/faults`, { method: "POST", body: "{}" });
  expect(nonsense.status).toBe(400);
});
