// Before a run that starts services: their bundles are made once, and each file finds them.
import { bundleAll } from "../../scripts/bundle.ts";

export async function setup(): Promise<void> {
  await bundleAll();
}
