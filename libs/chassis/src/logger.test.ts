import { afterEach, expect, test } from "vitest";
import { createLogger } from "./logger.ts";
import { forgetSecrets, maskSecrets } from "./secrets.ts";

afterEach(forgetSecrets);

function setUp(env: NodeJS.ProcessEnv = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { lines, log: createLogger({ service: "scheduler", env, destination }) };
}

test("a line is one JSON object with level, time, service, fields and message", () => {
  const { lines, log } = setUp();
  log.child({ run_id: "run-1" }).warn({ trace_id: "0af7" }, "late");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    level: "warn",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    service: "scheduler",
    run_id: "run-1",
    trace_id: "0af7",
    message: "late",
  });
});

test("secrets are masked wherever they are: field, message, stack, cause", () => {
  const { lines, log } = setUp();
  maskSecrets(['pass"word', "token-123456"]);
  const cause = new Error("server said: token-123456");
  log.error(
    { error: new Error('login with pass"word failed', { cause }), url: "http://it:token-123456@x" },
    'tried pass"word',
  );
  expect(lines.join("")).not.toMatch(/token-123456|pass\\?"word/);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ message: "tried [secret]" });
});

test("an error is told by its name, with its causes, whatever its class is called", () => {
  const { lines, log } = setUp();
  class Renamed extends Error {
    override readonly name = "LaunchError";
    readonly code = 7;
  }
  log.error({ error: new Renamed("no pod", { cause: new Error("409") }) }, "launch");
  log.error({ error: "a text" }, "launch");
  const [first, second] = lines.map((line): unknown => JSON.parse(line));
  expect(first).toMatchObject({
    error: {
      type: "LaunchError",
      code: 7,
      stack: expect.stringContaining("caused by: Error: 409"),
    },
  });
  expect(second).toMatchObject({ error: "a text" });
});

test("CHASQUI_LOG_LEVEL decides what is said", () => {
  const { lines, log } = setUp({ CHASQUI_LOG_LEVEL: "error" });
  log.warn("not this");
  log.error("this");
  expect(lines).toHaveLength(1);
  expect(() => setUp({ CHASQUI_LOG_LEVEL: "loud" })).toThrow('CHASQUI_LOG_LEVEL is "loud"');
});
