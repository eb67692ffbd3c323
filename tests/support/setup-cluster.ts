// Before a run that starts PostgreSQL more than once: one new cluster on disk, of which each server's is a copy.
import type { TestProject } from "vitest/node";
import { openCluster } from "../../libs/sandbox/src/servers/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** What `copyOf` of startPostgres wants. */
    newCluster: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await temporaryFolder("cluster");
  await openCluster({ dataDir: folder.path, durable: false });
  project.provide("newCluster", folder.path);
  return async () => folder[Symbol.asyncDispose]();
}
