// The last test of every end-to-end file: each run that the file left in its database is replayed, and its trace
// rebuilt. tests/tidy.test.ts sees to it that no file is without.
import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { readEnvironmentFile } from "../../../libs/chassis/src/index.ts";
import { startPostgres } from "../../../libs/sandbox/src/index.ts";
import { replayAll, type Replayed } from "../../support/index.ts";
import { LOCAL, type RunningWorld } from "./world.ts";

const DATABASE = "chasqui";

export function replayTest(replayed: () => Promise<Replayed>): void {
  test("replay: every stored run is, byte for byte, what its history says", async ({
    annotate,
  }) => {
    expectReplayed(await replayed(), annotate);
  });
}

export function expectReplayed(
  { runs, events, differences, traceFaults }: Replayed,
  report: (text: string) => unknown,
): void {
  expect(differences.map(({ runId }) => runId).join()).toBe("");
  for (const { runId, lives, replayed } of differences) expect(replayed, runId).toBe(lives);
  expect(traceFaults).toEqual([]);
  expect(runs, "runs in the database").toBeGreaterThan(0);
  report(`${runs} runs of ${events} events replayed`);
}

export async function replayOfWorld({ world }: RunningWorld): Promise<Replayed> {
  const { environmentFile, postgresUrl } = world.addresses;
  return replayAll(postgresUrl(DATABASE), await varsOf(path.resolve(environmentFile)));
}

/** Of what `npm start` left in its data folder; it is not running any more. */
export async function replayOfData(dataDir: string): Promise<Replayed> {
  const data = path.join(dataDir, "postgres");
  await using postgres = await startPostgres({ dataDir: data, durable: false });
  return await replayAll(postgres.url(DATABASE), await varsOf(LOCAL)); // before it is stopped
}

async function varsOf(environmentFile: string): Promise<JsonObject> {
  const { vars } = await readEnvironmentFile(environmentFile);
  return vars;
}
