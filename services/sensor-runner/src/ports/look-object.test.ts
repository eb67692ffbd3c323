// Looks into the sandbox's buckets, which check signatures and tokens by themselves.
import { generateKeyPairSync } from "node:crypto";
import { startBuckets } from "@chasqui/sandbox";
import { describe, expect, test } from "vitest";
import type { Seen } from "../core/wait.ts";
import { CannotAsk } from "../kinds/kind.ts";
import { parseObject } from "../kinds/object.ts";
import { testConnections } from "../testing/connections.ts";
import { lookAt } from "../testing/look-at.ts";
import { addressPolicy } from "./addresses.ts";
import { googleTokens } from "./google-token.ts";
import { objectLooker } from "./look-object.ts";

/** One for all tests: it takes a tenth of a second. */
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });

async function setup(options: { allowed?: string[]; s3?: object; gcs?: object } = {}) {
  const buckets = await startBuckets({ port: 0 });
  const endpoint = buckets.url;
  const key = privateKey.export({ type: "pkcs8", format: "pem" });
  const account = { type: "service_account", client_email: "chasqui@example", private_key: key };
  const s3 = { type: "s3", endpoint, region: "us-east-1", path_style: true };
  const signed = { access_key_id: "sandbox", secret_access_key: "env:SECRET" };
  const tokenAsked: string[] = [];
  const looker = objectLooker({
    policy: addressPolicy(options.allowed ?? ["127.0.0.1"]),
    connections: testConnections(
      {
        s3: { ...s3, ...signed, ...options.s3 },
        open: s3,
        gcs: { type: "gcs", endpoint, credentials: "env:ACCOUNT", ...options.gcs },
        emulator: { type: "gcs", endpoint },
        broken: { type: "gcs", endpoint, credentials: "env:SECRET" },
      },
      { SECRET: "sandbox-secret-key", ACCOUNT: JSON.stringify(account), WRONG: "another-key" },
    ),
    // Google's own address is not to be asked: the stand-in gives tokens too.
    tokenOf: googleTokens((url, init) => {
      tokenAsked.push(String(url));
      return fetch(`${endpoint}/token`, init);
    }),
  });
  return {
    buckets,
    tokenAsked,
    put: (objectKey: string, body = "x", modified = "2026-01-02T03:04:05Z") =>
      buckets.store.put({
        bucket: "exports",
        key: objectKey,
        body: Buffer.from(body),
        modifiedMs: Date.parse(modified),
      }),
    look: (config: object): Promise<Seen> =>
      looker.look(parseObject({ bucket: "exports", ...config }).of, lookAt()),
    async [Symbol.asyncDispose]() {
      await looker.close();
      await buckets.stop();
    },
  };
}

const STRANGE = "daily/Bogotá & Cali/a+b (1)'*!~,;=@$.csv";

describe.each([
  ["s3", "s3://"],
  ["gcs", "gs://"],
])("%s", (connection, scheme) => {
  test("an object that is not there, and then is", async () => {
    await using t = await setup();
    t.put("other");
    expect(await t.look({ connection, key: STRANGE })).toEqual({
      is: "not_yet",
      note: `${scheme}exports/${STRANGE} is not there`,
    });
    t.put(STRANGE, "12345");
    expect(await t.look({ connection, key: STRANGE })).toMatchObject({
      is: "there",
      output: {
        uri: `${scheme}exports/${STRANGE}`,
        key: STRANGE,
        bytes: 5,
        modified: "2026-01-02T03:04:05Z",
        etag: expect.stringMatching(/^[^"]+$/),
      },
    });
  });

  test("objects below a prefix, over pages, only those that count", async () => {
    await using t = await setup();
    for (let n = 0; n < 2_345; n++) t.put(`daily/${String(n).padStart(4, "0")} ü+.csv`);
    t.put("weekly/1.csv");
    t.put("daily/9999 last.csv", "larger", "2026-01-03T00:00:00Z");
    const wait = { connection, prefix: "daily/" };
    expect(await t.look({ ...wait, min_count: 3_000 })).toMatchObject({
      is: "not_yet",
      note: `${scheme}exports/daily/: 2346 objects, 3000 are wanted`,
    });
    expect(await t.look({ ...wait, newer_than: "2026-01-02T12:00", min_bytes: 2 })).toMatchObject({
      is: "there",
      output: { count: 1, newest: { key: "daily/9999 last.csv" } },
    });
    const before = t.buckets.requests().length;
    expect(await t.look(wait)).toMatchObject({ is: "there", output: { count: 1_000 } });
    expect(t.buckets.requests().length - before, "no page more than it needs").toBe(1);
  });

  test("a bucket that is not there is a mistake", async () => {
    await using t = await setup();
    for (const what of [{ key: "a" }, { prefix: "a" }]) {
      const look = t.look({ connection, bucket: "nobodys", ...what });
      await expect(look).rejects.toThrow(/answered 404: .*bucket does not exist/);
      await expect(look).rejects.toBeInstanceOf(CannotAsk);
    }
  });

  test("one that is ill is asked again", async () => {
    await using t = await setup();
    t.put("a");
    t.buckets.fault({ status: 503, times: 1, path: "exports" });
    const look = t.look({ connection, prefix: "a" });
    await expect(look).rejects.toThrow("answered 503");
    await expect(look).rejects.not.toBeInstanceOf(CannotAsk);
    expect(await t.look({ connection, prefix: "a" })).toMatchObject({ is: "there" });
  });

  test("an address of ours is refused unless the installation allows it", async () => {
    await using t = await setup({ allowed: [] });
    t.put("a");
    const look = t.look({ connection, key: "a" });
    await expect(look).rejects.toThrow("127.0.0.1 is a private address");
    await expect(look).rejects.toBeInstanceOf(CannotAsk);
    expect(t.buckets.requests().filter(({ path }) => path !== "/token")).toEqual([]);
  });
});

describe("who asks", () => {
  test("s3: a wrong key is refused with the server's own word", async () => {
    await using t = await setup({ s3: { secret_access_key: "env:WRONG" } });
    t.put("a");
    const look = t.look({ connection: "s3", key: "a" });
    await expect(look).rejects.toThrow("answered 403: SignatureDoesNotMatch");
    await expect(look).rejects.toBeInstanceOf(CannotAsk);
  });

  test("s3: who may not see is told so, and waits: the object may come", async () => {
    await using t = await setup();
    t.put("a");
    expect(await t.look({ connection: "open", key: "a" })).toMatchObject({
      is: "not_yet",
      note: "s3://exports/a is not there, or may not be seen with this key (AccessDenied)",
    });
  });

  test("s3: half a key is a mistake", async () => {
    await using t = await setup({ s3: { access_key_id: "env:NOTHING" } });
    await expect(t.look({ connection: "s3", key: "a" })).rejects.toThrow("access_key_id");
  });

  test("s3: a session token goes along, signed", async () => {
    await using t = await setup({ s3: { session_token: "env:SECRET" } });
    t.put("a");
    expect(await t.look({ connection: "s3", key: "a" })).toMatchObject({ is: "there" });
  });

  test("gcs: a key buys a token once", async () => {
    await using t = await setup();
    t.put("a");
    for (let look = 0; look < 3; look++)
      expect(await t.look({ connection: "gcs", key: "a" })).toMatchObject({ is: "there" });
    expect(t.tokenAsked).toEqual(["https://oauth2.googleapis.com/token"]);
  });

  test("gcs: an emulator is asked as anybody would", async () => {
    await using t = await setup();
    t.put("a");
    expect(await t.look({ connection: "emulator", key: "a" })).toMatchObject({ is: "there" });
    expect(t.tokenAsked).toEqual([]);
  });

  test("gcs: a key that is none is refused, and not shown", async () => {
    await using t = await setup();
    const look = t.look({ connection: "broken", key: "a" });
    await expect(look).rejects.toThrow("want a service account's key, as JSON");
    await expect(look).rejects.not.toThrow("sandbox-secret-key");
  });

  test("a connection of another type is refused", async () => {
    await using t = await setup();
    await expect(t.look({ connection: "nobody", key: "a" })).rejects.toThrow(
      'no connection "nobody"',
    );
  });
});
