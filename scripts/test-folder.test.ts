import { existsSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { makeTestFolder, testFolderIn } from "./test-folder.ts";

test.each([
  { what: "plenty of both", freeBytes: 20e9, memoryBytes: 20e9, is: "/dev/shm" },
  { what: "a container's 64 MB", freeBytes: 64e6, memoryBytes: 20e9, is: "/tmp" },
  { what: "a small machine", freeBytes: 20e9, memoryBytes: 4e9, is: "/tmp" },
  { what: "no such file system", freeBytes: undefined, memoryBytes: 20e9, is: "/tmp" },
])("$what: $is", ({ is, ...room }) => {
  expect(testFolderIn(room, "/tmp")).toBe(is);
});

test.each([
  { what: "nothing may be executed there", mounts: "tmpfs /dev/shm tmpfs rw,nosuid,noexec 0 0" },
  { what: "it is not mounted", mounts: "tmpfs /run tmpfs rw 0 0" },
])("$what: the folder for temporary files, which others may pass through", ({ mounts }) => {
  const folder = makeTestFolder(mounts);
  try {
    expect(path.dirname(folder)).toBe(tmpdir());
    expect(existsSync(folder)).toBe(true);
    expect(statSync(folder).mode & 0o777).toBe(0o711);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
