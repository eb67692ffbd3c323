import { ConfigError } from "@chasqui/runner";
import { expect, test } from "vitest";
import { eventSensor, parseEvent } from "./event.ts";

const sensor = eventSensor(() => Promise.reject(new Error("not here")));

test("a subject is enough; its waits are told of its messages", () => {
  const { of, pace } = parseEvent({ subject: "logistics.routes.closed" });
  expect(of).toEqual({ subject: "logistics.routes.closed", when: undefined, sinceMs: undefined });
  expect(pace.intervalMs).toBe(60_000);
  expect(sensor.topic?.(of)).toBe("logistics.routes.closed");
  expect(sensor.what(of)).toBe("a message on logistics.routes.closed");
  expect(sensor.settle?.(of, { logicalMs: 7 })).toMatchObject({ sinceMs: 7 });
});

test("a condition and a beginning", () => {
  const when = "event.data.country == 'CO'";
  const since = { since: "2026-01-02", timezone: "America/Bogota" };
  const { of } = parseEvent({ subject: "logistics.routes.closed", when, ...since });
  expect(of).toMatchObject({ when, sinceMs: Date.parse("2026-01-02T05:00:00Z") });
  expect(sensor.what(of)).toBe(`a message on logistics.routes.closed with ${when}`);
});

test.each([
  [{}, "`subject` is missing"],
  [{ subject: "logistics" }, "want a source and a name such as logistics.routes.closed"],
  [{ subject: "logistics.>" }, "want a source and a name"],
  [{ subject: "a.b", since: "lately" }, '`since` is "lately": want 2026-10-06'],
])("%j is refused: %s", (config, why) => {
  expect(() => parseEvent(config)).toThrow(ConfigError);
  expect(() => parseEvent(config)).toThrow(why);
});
