// Logs as clients read them, and the file below.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LogFile } from "./log-file.ts";
import { readLog, tailText } from "./log-read.ts";
import type { ReadOptions } from "./log-read.ts";
import { startTestCluster } from "./testing.ts";

const STAMPED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /;

function newLog(bytesMax?: number): LogFile {
  const dir = mkdtempSync(join(tmpdir(), "chasqui-log-"));
  const log = new LogFile(join(dir, "0.log"), bytesMax === undefined ? {} : { bytesMax });
  onTestFinished(() => {
    log.end();
    rmSync(dir, { recursive: true });
  });
  return log;
}

async function read(log: LogFile, options: Partial<ReadOptions> = {}): Promise<string> {
  const blocks: Buffer[] = [];
  const full = { follow: false, timestamps: false, ...options };
  for await (const block of readLog(log, full, new AbortController().signal)) blocks.push(block);
  return Buffer.concat(blocks).toString("utf8");
}

test("lines come back as written, whatever the chunks were", async () => {
  const log = newLog();
  for (const chunk of ["a", "b\nc", "\n", "\u00e9\n".slice(0, 1)]) {
    log.append("stdout", Buffer.from(chunk));
  }
  log.append("stderr", Buffer.from("to err\n"));
  log.end();
  expect(await read(log)).toBe("ab\nc\nto err\n\u00e9\n");
});

test("a character cut in two by the pipe stays whole", async () => {
  const log = newLog();
  const bytes = Buffer.from("caf\u00e9\n");
  log.append("stdout", bytes.subarray(0, 4));
  log.append("stdout", bytes.subarray(4));
  expect(await read(log)).toBe("caf\u00e9\n");
});

test("a very long line is one line with one timestamp", async () => {
  const log = newLog();
  const long = "x".repeat(50_000);
  log.append("stdout", Buffer.from(`${long}\nshort\n`));
  const lines = (await read(log, { timestamps: true })).split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]?.replace(STAMPED, "")).toBe(long);
});

test("timestamps strictly rise", async () => {
  const log = newLog();
  log.append("stdout", Buffer.from("a\n".repeat(1_000)));
  const stamps = (await read(log, { timestamps: true })).split("\n").slice(0, -1);
  expect(stamps.every((line) => STAMPED.test(line))).toBe(true);
  expect(new Set(stamps).size).toBe(1_000);
  expect(stamps).toEqual(stamps.toSorted());
});

test.each([
  [0, ""],
  [1, "line 9\n"],
  [3, "line 7\nline 8\nline 9\n"],
  [99, Array.from({ length: 10 }, (_, index) => `line ${index}\n`).join("")],
])("tailLines %i", async (tailLines, wanted) => {
  const log = newLog();
  for (let index = 0; index < 10; index++) log.append("stdout", Buffer.from(`line ${index}\n`));
  expect(await read(log, { tailLines })).toBe(wanted);
  expect(tailText(log, { lines: tailLines, bytes: 10_000 })).toBe(wanted);
});

test("the tail is right across the blocks it is read in", async () => {
  const log = newLog();
  const line = "y".repeat(1_000);
  for (let index = 0; index < 300; index++) log.append("stdout", Buffer.from(`${index}${line}\n`));
  const lines = (await read(log, { tailLines: 200 })).split("\n");
  expect(lines).toHaveLength(201);
  expect(lines[0]).toBe(`100${line}`);
});

test("limitBytes cuts the answer", async () => {
  const log = newLog();
  log.append("stdout", Buffer.from("0123456789\n"));
  expect(await read(log, { limitBytes: 4 })).toBe("0123");
});

test("a log above its bound starts anew, and a follower goes on with it", async () => {
  const log = newLog(1_000);
  const following = read(log, { follow: true });
  for (let index = 0; index < 100; index++) {
    log.append("stdout", Buffer.from(`line ${index}\n`));
    await new Promise((resolve) => setImmediate(resolve));
  }
  log.end();
  expect(log.size).toBeLessThanOrEqual(1_000);
  const followed = (await following).trim().split("\n");
  expect(followed).toEqual(Array.from({ length: 100 }, (_, index) => `line ${index}`));
});

test("a followed log gives each line as it is written and ends with the container", async () => {
  await using t = await startTestCluster();
  const script =
    "let n = 0; const t = setInterval(() => { console.log('tick', n++); if (n === 3) clearInterval(t) }, 20)";
  await t.createPod({ name: "ticks", script });
  await t.podWhen("ticks", (pod) => pod.status?.phase === "Running");
  const followed = await (await t.log("ticks", "follow=true&timestamps=true")).text();
  const lines = followed.split("\n");
  expect(lines).toHaveLength(4);
  expect(lines[2]?.replace(STAMPED, "")).toBe("tick 2");
});

test("sinceTime repeats what the second held, so that a client can go on without a gap", async () => {
  await using t = await startTestCluster();
  await t.createPod({ name: "p", script: "console.log('a'); console.log('b')" });
  await t.finished("p");
  const stamped = await (await t.log("p", "timestamps=true")).text();
  const second = stamped.split("\n")[1]?.split(" ")[0] ?? "";
  const again = await (await t.log("p", `timestamps=true&sinceTime=${second}`)).text();
  expect(again.endsWith(stamped.split("\n")[1] + "\n")).toBe(true);
  const later = new Date(Date.parse(second) + 2_000).toISOString();
  expect(await (await t.log("p", `sinceTime=${later}`)).text()).toBe("");
});

test("a container that waits has no log yet: 400 with the reason", async () => {
  await using t = await startTestCluster();
  await t.createPod({ name: "p", annotations: { "sandbox.chasqui.io/behaviour": "image-pull" } });
  await t.podWhen(
    "p",
    (pod) => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === "ImagePullBackOff",
  );
  const early = await t.log("p", "container=base");
  expect(early.status).toBe(400);
  expect(await early.json()).toMatchObject({
    reason: "BadRequest",
    message: 'container "base" in pod "p" is waiting to start: ImagePullBackOff',
  });
  expect((await t.log("p", "container=other")).status).toBe(400);
  expect((await t.log("nobody")).status).toBe(404);
});
