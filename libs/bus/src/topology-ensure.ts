// A service begins on the streams and consumers that it was written for, however long they take to come.
// Invariants:
//   E1. What differs is refused at once, with what to do, and nothing is made on such a bus.
//   E2. What is missing and this user may make is made: streams by the state machine, durables by who reads them.
//   E3. Everything else is waited for, without end: a process that ended instead would only be started again. Who looks
//       sees what is missing, who makes it and since when: in the log, and where the process says that it is not ready.
//   E4. The wait ends at once when the process is told to stop.
import { setTimeout as sleep } from "node:timers/promises";
import { BusError, reasonOf } from "./errors.ts";
import { isStreamMissing } from "./jetstream-api.ts";
import { isForbidden } from "./link.ts";
import { checkTopology, type CheckContext, type Finding } from "./topology-check.ts";
import type { BusLog, Needs, Starting } from "./types.ts";

const DELAY_MS = 100;
const DELAY_MS_MAX = 1_000;
const LOG_EVERY_MS = 10_000;

export async function ensureTopology(
  context: CheckContext,
  needs: Needs,
  { stopping, waitsFor }: Starting,
): Promise<void> {
  const waiting = tellWait(context.link.log, waitsFor);
  const stopped = Promise.withResolvers<never>();
  const onAbort = (): void => stopped.reject(stopping.reason);
  stopping.addEventListener("abort", onAbort);
  try {
    stopping.throwIfAborted();
    // A broker that stands still answers nothing for seconds: a stop does not wait for it.
    await Promise.race([untilThere(context, needs, stopping, waiting.for), stopped.promise]);
    waiting.over();
  } finally {
    stopping.removeEventListener("abort", onAbort);
  }
}

async function untilThere(
  context: CheckContext,
  needs: Needs,
  stopping: AbortSignal,
  waitFor: (lines: readonly string[]) => void,
): Promise<void> {
  let delayMs = DELAY_MS;
  while (!stopping.aborted) {
    const findings = await checkTopology(context, needs);
    refuseWrong(findings);
    const streamsNotMade = await context.repair.makeStreams();
    if (findings.length === 0) {
      if (streamsNotMade.size > 0) context.repair.lookAfterStreams(); // others need them
      return;
    }
    const lines = await mend(context, findings, streamsNotMade);
    if (lines.length === 0) continue; // everything was made: looked at again, for the store may be lost meanwhile
    waitFor(lines);
    await sleep(delayMs, undefined, { signal: stopping }).catch(() => undefined);
    delayMs = Math.min(2 * delayMs, DELAY_MS_MAX);
  }
}

function refuseWrong(findings: readonly Finding[]): void {
  if (!findings.some(({ kind }) => kind === "wrong")) return;
  const lines = findings.map(({ line }) => line);
  throw new BusError(
    `the bus is not what this service needs; run \`chasqui admin topology\`:\n  ${lines.join("\n  ")}`,
  );
}

/** Makes what may be made; answers what must be waited for, in words. */
async function mend(
  { link, repair, consumers }: CheckContext,
  findings: readonly Finding[],
  notMade: ReadonlyMap<string, string>,
): Promise<string[]> {
  const gone = new Set(findings.flatMap(({ kind, name }) => (kind === "no stream" ? [name] : [])));
  const lines = findings.map(async ({ kind, name, line }): Promise<string[]> => {
    if (kind === "unseen") return [line];
    if (kind === "no stream") {
      if (!repair.mayCreate(name)) return [`${line}: ${makersOf(repair.makerOf(name))}`];
      const why = notMade.get(name);
      return why === undefined ? [] : [`${line}, and cannot be made: ${why}`];
    }
    const stream = consumers[name]?.stream ?? "";
    if (gone.has(stream) && !repair.mayCreate(stream)) return []; // its stream is waited for
    try {
      await repair.recreateConsumer(name);
      link.log.info({ stream, durable: name }, "bus: consumer was not there, made it");
      return [];
    } catch (thrown) {
      if (isForbidden(thrown)) throw thrown;
      const why = isStreamMissing(thrown) ? `neither does ${stream}` : reasonOf(thrown);
      return [`${line}, and cannot be made: ${why}`];
    }
  });
  return (await Promise.all(lines)).flat();
}

const makersOf = (user: string | undefined): string =>
  `${user ?? "nobody here"} makes it, or \`chasqui admin topology\``;

/** Says what is waited for when it begins, when it changes and every few seconds; and that it is over. */
function tellWait(log: BusLog, waitsFor: Starting["waitsFor"]) {
  const sinceMs = performance.now();
  const waitedMs = (): number => Math.round(performance.now() - sinceMs);
  let said = "";
  let saidMs = 0;
  return {
    for(lines: readonly string[]): void {
      const what = lines.join("; ");
      waitsFor(what);
      if (what === said && performance.now() - saidMs < LOG_EVERY_MS) return;
      said = what;
      saidMs = performance.now();
      log.warn({ missing: lines, waited_ms: waitedMs() }, "bus: waits until this is there");
    },
    over(): void {
      waitsFor(undefined);
      if (said !== "")
        log.info({ waited_ms: waitedMs() }, "bus: everything that was missing is there");
    },
  };
}
