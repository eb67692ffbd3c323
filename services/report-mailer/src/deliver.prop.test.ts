// Two replicas at the same recipient, in every order of their effects that a scheduler finds, killed or not: nobody
// has two mails, and nobody waits for ever.
import fc from "fast-check";
import { expect, test } from "vitest";
import { killable, untilKilled } from "./testing/killable.ts";
import { history, processIn, run, world } from "./testing/worlds.ts";

const kill = fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined });
const faults = fc.array(
  fc.constantFrom("lost_before_body", "lost_in_body", "lost_after_body", "refused_now"),
  { maxLength: 2 },
);

test("two replicas never send twice, and a third finishes what they left", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      kill,
      kill,
      faults,
      fc.boolean(),
      async (scheduler, killA, killB, failing, canLookUp) => {
        const w = world({ canLookUp, faults: failing });
        const pause = (name: string) => (what: string) =>
          scheduler.schedule(Promise.resolve(), `${name}: ${what}`);
        const replicas = [
          { name: "att-a", killedAt: killA },
          { name: "att-b", killedAt: killB },
        ].map(({ name, killedAt }) =>
          untilKilled(run(killable(processIn(w, name), { killedAt, pause: pause(name) }))),
        );
        await scheduler.waitFor(Promise.all(replicas));
        await history(w, [undefined, undefined, undefined]);
        expect([...w.taken.values()].every((count) => count === 1)).toBe(true);
        const state = w.rows.get("k")?.state;
        expect(canLookUp ? ["sent"] : ["sent", "unconfirmed"]).toContain(state);
        if (state === "sent") expect(w.taken.size).toBe(1);
      },
    ),
    { numRuns: 500 },
  );
});
