// Where a run of the tests keeps its files: in memory when there is plenty of it. Each test has databases and stores of
// its own, so thousands of small files come and go, and ext4 looks for a free place past all that went in the last
// minutes: a sixth of the CPU time of the integration tests, measured.
import { chmodSync, mkdtempSync, statfsSync } from "node:fs";
import { freemem, tmpdir } from "node:os";
import path from "node:path";

const IN_MEMORY = "/dev/shm";
/** What a run holds at most is about 2 GB. */
const ROOM_BYTES_MIN = 6e9;
const FREE_BYTES_MIN = 12e9;

export interface Room {
  /** Undefined: there is no such file system, or nothing on it may be executed. */
  readonly freeBytes: number | undefined;
  readonly memoryBytes: number;
}

/** `disk` is the folder for temporary files otherwise. */
export function testFolderIn({ freeBytes, memoryBytes }: Room, disk: string): string {
  const isPlenty = (freeBytes ?? 0) >= ROOM_BYTES_MIN && memoryBytes >= FREE_BYTES_MIN;
  return isPlenty ? IN_MEMORY : disk;
}

/** A new folder, that other users may pass through: as root PostgreSQL runs as another one. */
export function makeTestFolder(mounts: string): string {
  const mount = mounts.split("\n").find((line) => line.split(" ")[1] === IN_MEMORY);
  const isUsable = mount !== undefined && !/[ ,](?:noexec|ro)[ ,]/.test(mount);
  const freeBytes = isUsable ? freeBytesOf(IN_MEMORY) : undefined;
  const parent = testFolderIn({ freeBytes, memoryBytes: freemem() }, tmpdir());
  const folder = mkdtempSync(path.join(parent, "chasqui-tests-"));
  chmodSync(folder, 0o711);
  return folder;
}

function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
