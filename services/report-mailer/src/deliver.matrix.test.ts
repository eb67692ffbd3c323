// Never two mails for one key: deliver() is killed at every point, once and twice, and run again by another process.
// The worlds' mail server counts what it took by Message-ID; the last process of each history is never killed.
import { describe, expect, test } from "vitest";
import { history, type World, world } from "./testing/worlds.ts";

/** Effects of one undisturbed delivery: two writes and a send, each with a moment before and a moment after. */
const POINTS_MAX = 20;

describe.each([{ canLookUp: true }, { canLookUp: false }])("lookup: $canLookUp", (options) => {
  test("killed at every point, then run again", async () => {
    for (let first = 0; first <= POINTS_MAX; first++)
      for (let second = 0; second <= POINTS_MAX; second++) {
        const w = world(options);
        await history(w, [first, second, undefined]);
        expectHonest(w, `killed at ${first} and ${second}`);
      }
  });

  test.each(["lost_before_body", "lost_in_body", "lost_after_body", "refused_now"] as const)(
    "the server's connection is %s at the first send",
    async (fault) => {
      for (let point = 0; point <= POINTS_MAX; point++) {
        const w = world({ ...options, faults: [fault] });
        await history(w, [point, undefined, undefined]);
        expectHonest(w, `${fault}, killed at ${point}`);
      }
    },
  );
});

/** S: nobody has two mails. L: whoever has none or is in doubt is shown so, and with a lookup there is no doubt. */
function expectHonest(w: World, name: string): void {
  for (const [messageId, count] of w.taken) expect(count, `${name}: ${messageId}`).toBe(1);
  const row = w.rows.get("k");
  const taken = w.taken.size === 1;
  if (w.canLookUp) expect([row?.state, taken], name).toEqual(["sent", true]);
  else if (row?.state === "sent") expect(taken, name).toBe(true);
  else expect(row?.state, name).toBe("unconfirmed");
}

test("without a kill there is no doubt", async () => {
  const w = world({ canLookUp: false });
  await history(w, [undefined]);
  expect(w.rows.get("k")?.state).toBe("sent");
});

test("a doubt without a lookup stays, however often it is run again", async () => {
  const w = world({ canLookUp: false, faults: ["lost_after_body"] });
  await history(w, [undefined, undefined, undefined]);
  expect([w.rows.get("k")?.state, w.taken.size]).toEqual(["unconfirmed", 1]);
});

test("who is killed twelve times is sent the mail all the same", async () => {
  const w = world({ canLookUp: true });
  await history(w, [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, undefined]);
  expectHonest(w, "twelve kills");
});

test("the matrix can see: a ledger that forgets who claimed makes twins", async () => {
  const twins: string[] = [];
  for (let point = 0; point <= POINTS_MAX; point++) {
    const w = world({ canLookUp: false, forgetful: true });
    await history(w, [point, undefined]);
    if ([...w.taken.values()].some((count) => count > 1)) twins.push(`killed at ${point}`);
  }
  expect(twins).not.toEqual([]);
});

test("the matrix can see: a lookup that answers no before the lease is over makes twins", async () => {
  const w = world({ canLookUp: true, blindLookUp: true });
  const found: number[] = [];
  for (let point = 0; point <= POINTS_MAX; point++) {
    const each = world({ canLookUp: true, blindLookUp: true });
    await history(each, [point, undefined]);
    found.push(...each.taken.values());
  }
  expect(w.taken.size).toBe(0);
  expect(Math.max(...found)).toBeGreaterThan(1);
});
