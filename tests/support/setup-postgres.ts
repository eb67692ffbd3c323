// Before a run that needs PostgreSQL: one cluster for the whole run, in a temporary folder, without fsync.
// Each test makes its own database in it (TestPostgres).
import type { TestProject } from "vitest/node";
import { startPostgres } from "../../libs/sandbox/src/servers/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Of the superuser, on the database "postgres". */
    postgresUrl: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await temporaryFolder("postgres");
  const onWait = (text: string): void => console.error(text);
  const settings = { autovacuum: "off" }; // it would look at hundreds of databases that live for seconds
  const server = await startPostgres({ dataDir: folder.path, durable: false, settings, onWait });
  project.provide("postgresUrl", server.url());
  return async () => {
    await server.stop();
    await folder[Symbol.asyncDispose]();
  };
}
