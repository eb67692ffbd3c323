// Follows one container's log from where it was left to its end, through every broken connection.
// Invariants:
//   F1. `done` resolves only when a reading that began after the container had ended came to its end, or the log is
//       gone, or the follower was stopped.
//   F2. Lines go on as they come; when the bus is slow, the reading waits.
import { setTimeout as sleep } from "node:timers/promises";
import type { AttemptLog } from "@chasqui/runner";
import { logCursor } from "./core/log-cursor.ts";
import type { Position } from "./core/log-cursor.ts";
import { LogGone, LogNotYet } from "./ports/cluster.ts";
import type { Cluster } from "./ports/cluster.ts";

export interface LogFollower {
  /** Resolves at the log's end; never rejects. */
  readonly done: Promise<void>;
  /** The container has terminated. */
  ended(): void;
  stop(): void;
  /** How far the log was read; what was read is stored once `log.flush()` has resolved. */
  position(): Position;
}

const AGAIN_MS = 200;
const AGAIN_MS_MAX = 5_000;

export function followLog(options: {
  readonly cluster: Pick<Cluster, "log">;
  readonly pod: string;
  readonly log: AttemptLog;
  readonly from: Position;
}): LogFollower {
  const { cluster, pod, log, from } = options;
  const cursor = logCursor(from);
  const stopping = new AbortController();
  const over = Promise.withResolvers<void>();
  let isOver = false;

  /** One reading; true when it was the last. */
  const read = async (): Promise<boolean> => {
    const last = isOver;
    const since = cursor.position().second;
    cursor.reopen();
    const lines = cluster.log(pod, { follow: !last, since, signal: stopping.signal });
    for await (const { text, whole } of lines) {
      if (!whole && !last) continue; // it comes again, whole
      for (const line of cursor.accept(text)) log.line(line.text, line.atMs);
      const room = log.room();
      if (room !== undefined) await room;
    }
    if (last) for (const mark of cursor.finish()) log.line(mark.text, mark.atMs);
    return last;
  };
  const follow = async (): Promise<void> => {
    for (let againMs = AGAIN_MS; !stopping.signal.aborted;) {
      try {
        if (await read()) return;
        againMs = AGAIN_MS;
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (error instanceof LogGone) {
          log.line("[chasqui] the pod is gone; the rest of its log is gone with it");
          return;
        }
        if (error instanceof LogNotYet && isOver) return; // it ended without ever having started
        againMs = Math.min(againMs * 2, AGAIN_MS_MAX);
      }
      await (isOver ? pause(againMs) : Promise.race([over.promise, pause(againMs)]));
    }
  };
  const pause = (ms: number): Promise<void> =>
    sleep(ms, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
  return {
    done: follow(),
    ended() {
      isOver = true;
      over.resolve();
    },
    stop: () => stopping.abort(),
    position: () => cursor.position(),
  };
}
