// A lock as a directory, for two first runs at once. Its owner file names the processes that hold
// it; when none of them lives any more, the next one takes the lock over.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

// Between mkdir and the owner file's appearance a lock has no owner: that long it is believed to have one.
const OWNERLESS_MS_MAX = 5_000;
const POLL_MS = 200;

function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM"; // it lives, and belongs to somebody else
  }
  try {
    // A zombie has ended; a container whose first process fetches no exit codes is full of them.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true; // no /proc on this system
  }
}

function isStale(dir) {
  try {
    const { pids } = JSON.parse(readFileSync(path.join(dir, "owner.json"), "utf8"));
    return !pids.some(isAlive);
  } catch {
    const made = statSync(dir, { throwIfNoEntry: false });
    return made !== undefined && Date.now() - made.mtimeMs > OWNERLESS_MS_MAX;
  }
}

function tryTake(dir) {
  try {
    mkdirSync(dir);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  }
}

function removeStale(dir) {
  const aside = `${dir}.stale-${process.pid}`;
  try {
    renameSync(dir, aside); // of several that see it stale, one rename succeeds
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  rmSync(aside, { recursive: true, force: true });
}

/**
 * Waits for the lock and takes it. `hold(pid)` names one more process that must be gone before
 * anybody may take it over: npm goes on when only this process is killed.
 */
export async function takeLock(dir, { onWait }) {
  mkdirSync(path.dirname(dir), { recursive: true });
  const startedAt = Date.now();
  while (!tryTake(dir)) {
    if (isStale(dir)) removeStale(dir);
    else {
      onWait(Date.now() - startedAt);
      await delay(POLL_MS);
    }
  }
  const pids = [process.pid];
  const store = () => {
    // Renamed into place: a reader sees the owners or no file, never half a file.
    const file = path.join(dir, `owner.json.${process.pid}`);
    writeFileSync(file, JSON.stringify({ pids }));
    renameSync(file, path.join(dir, "owner.json"));
  };
  store();
  return {
    hold: (pid) => {
      pids.push(pid);
      store();
    },
    release: () => rmSync(dir, { recursive: true, force: true }),
  };
}
