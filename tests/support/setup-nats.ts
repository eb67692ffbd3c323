// Before a run that needs nats-server: finds it once, or fetches it, and tells the tests where it is.
import path from "node:path";
import type { TestProject } from "vitest/node";
import { temporaryFolder } from "./temporary-folder.ts";
import { findNatsServer, type NatsProgram } from "../../libs/sandbox/src/servers/index.ts";

declare module "vitest" {
  interface ProvidedContext {
    natsProgram: NatsProgram;
    /** A folder for stores that tests begin with. */
    natsStores: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = path.resolve(import.meta.dirname, "../../.chasqui");
  const onWait = (text: string): void => console.error(text);
  project.provide("natsProgram", await findNatsServer({ home, onWait }));
  const stores = await temporaryFolder("nats-stores");
  project.provide("natsStores", stores.path);
  return async () => stores[Symbol.asyncDispose]();
}
