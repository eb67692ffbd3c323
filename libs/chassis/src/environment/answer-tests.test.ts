// Tests of connections as a service answers them: what works, what fails, and no secret in either.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ConnectionTestSchema, TryConnectionSchema, subjects } from "@chasqui/contracts";
import { afterEach, expect, test } from "vitest";
import { forgetSecrets } from "../secrets.ts";
import { answerConnectionTests, type ConnectionTestOptions } from "./answer-tests.ts";
import { parseEnvironmentFile } from "./environment-file.ts";
import { connectionOf } from "./resolve-connection.ts";

afterEach(forgetSecrets);

const environment = parseEnvironmentFile(
  "environments/test.yaml",
  `connections:
  mail: { type: smtp, host: mail.example, from: a@b }
  slack: { type: slack, token: "env:TOKEN" }
`,
);
const env = { TOKEN: "xoxb-sesame-123" };

function service(tries: ConnectionTestOptions["tries"], testMs = 10_000) {
  let handle: ((data: Uint8Array) => Promise<Uint8Array>) | undefined;
  let subject = "";
  const bus = {
    answer(at: string, given: typeof handle & {}) {
      [subject, handle] = [at, given];
      return { unsubscribe: () => void (handle = undefined) };
    },
  };
  const part = answerConnectionTests({ service: "notifier", bus, environment, tries, testMs });
  return {
    part,
    subject: () => subject,
    isListening: () => handle !== undefined,
    async test(name: string) {
      const data = toBinary(TryConnectionSchema, create(TryConnectionSchema, { name }));
      const answer = await handle?.(data);
      if (answer === undefined) throw new Error("nobody answers");
      const { ok, message, service: by } = fromBinary(ConnectionTestSchema, answer);
      return { ok, message, by };
    },
  };
}

test("a connection of a type that the service uses is tried, and it says what it reached", async () => {
  const asked = service({
    slack: async (name) => `team T with ${connectionOf(environment, name, "slack", env).token}`,
  });
  expect(asked.subject()).toBe(subjects.connectionTest("notifier"));
  expect(await asked.test("slack")).toEqual({
    ok: true,
    message: "team T with [secret]",
    by: "notifier",
  });
  await asked.part.stop();
  expect(asked.isListening()).toBe(false);
});

test.each([
  ["slak", 'no connection "slak" in', "did you mean `slack`?"],
  ["mail", "notifier does not use connections of type smtp", ""],
])("%s is told why it is not tried", async (name, message, more) => {
  const told = await service({ slack: async () => "" }).test(name);
  expect(told.ok).toBe(false);
  expect(told.message).toContain(message);
  expect(told.message).toContain(more);
});

test("what fails is told with its cause, without the secret", async () => {
  const asked = service({
    slack: async (name) => {
      const { token } = connectionOf(environment, name, "slack", env);
      const cause = new AggregateError([new Error(`refused for ${token}`)]);
      throw new Error("no answer", { cause });
    },
  });
  expect(await asked.test("slack")).toMatchObject({
    ok: false,
    message: "no answer: refused for [secret]",
  });
});

test("a reference with nothing behind it is what failed", async () => {
  const asked = service({
    slack: async (name) => connectionOf(environment, name, "slack", {}).token,
  });
  expect((await asked.test("slack")).message).toContain(
    "token is env:TOKEN, which is not there or empty",
  );
});

test("A2. a try that never ends is answered, and its signal fires", async () => {
  let aborted = false;
  const asked = service(
    {
      slack: (_name, signal) =>
        new Promise(() => signal.addEventListener("abort", () => (aborted = true))),
    },
    20,
  );
  expect(await asked.test("slack")).toMatchObject({ ok: false, message: "no answer within 20 ms" });
  expect(aborted).toBe(true);
});

test("A3. a fifth at the same time is told to ask again", async () => {
  const gate = Promise.withResolvers<string>();
  const asked = service({ slack: () => gate.promise });
  const first = Array.from({ length: 4 }, () => asked.test("slack"));
  expect(await asked.test("slack")).toMatchObject({
    ok: false,
    message: "4 tests are under way: ask again",
  });
  gate.resolve("there");
  expect(await Promise.all(first)).toEqual(
    Array.from({ length: 4 }, () => ({ ok: true, message: "there", by: "notifier" })),
  );
});
