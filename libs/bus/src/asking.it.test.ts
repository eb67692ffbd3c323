// Questions on plain subjects: answered by one of several, or an error that says why not.
import { expect, test } from "vitest";
import { subjects } from "@chasqui/contracts";
import { BusError } from "./index.ts";
import { bytes, setup, text } from "./testing.ts";

const SUBJECT = subjects.connectionTest("report-mailer");
let questions = 0;
const within = (timeoutMs: number) => ({
  timeoutMs,
  answerTo: subjects.connectionAnswer(`q${++questions}`),
});

test("one of several processes of a user answers, and only who may ask is heard", async () => {
  await using t = await setup();
  const console = await t.bus("console");
  const [first, second] = [await t.bus("report-mailer"), await t.bus("report-mailer")];
  const asked: string[] = [];
  for (const [name, bus] of Object.entries({ first, second })) {
    const answering = bus.answer(SUBJECT, async (data) => {
      asked.push(name);
      return bytes(`${text(data)} works`);
    });
    await answering.established();
  }
  for (let i = 0; i < 20; i++)
    expect(text(await console.ask(SUBJECT, bytes("mail"), within(30_000)))).toBe("mail works");
  expect(asked).toHaveLength(20);
  const scheduler = await t.bus("scheduler");
  await expect(scheduler.ask(SUBJECT, bytes("mail"), within(500))).rejects.toThrow(BusError);
  expect(asked).toHaveLength(20);
});

test("nobody there, and somebody who fails, are errors that say so", async () => {
  await using t = await setup();
  const console = await t.bus("console");
  await expect(console.ask(SUBJECT, bytes("mail"), within(30_000))).rejects.toThrow(
    "nobody answers there now",
  );
  const mailer = await t.bus("report-mailer");
  await mailer.answer(SUBJECT, () => Promise.reject(new Error("on purpose"))).established();
  const failed = t.log.until(1, ({ message }) => message === "bus: no answer");
  await expect(console.ask(SUBJECT, bytes("mail"), within(1_000))).rejects.toThrow(
    "no answer within 1000 ms",
  );
  await failed;
});
