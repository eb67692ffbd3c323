// The parts of vertex-runner, in start order. Nothing is stored here: the jobs' labels are the database.
import { readEnvironmentFile } from "@chasqui/chassis";
import type { Life } from "@chasqui/chassis";
import { bringUpRunner, jobRunner } from "@chasqui/runner";
import { jobKind } from "./job-kind.ts";
import { googleVertex } from "./ports/google-vertex.ts";
import { placesOf } from "./ports/places.ts";
import type { Settings } from "./settings.ts";
import { connectionTries } from "./try-connections.ts";

export async function startService(life: Life<Settings>): Promise<void> {
  const { settings, log } = life;
  const installation = await readEnvironmentFile(settings.environmentFile);
  const vertex = googleVertex(placesOf(installation, process.env));
  await life.up({ name: "vertex", stop: () => vertex.close() });
  const kind = jobKind({
    vertex,
    log,
    now: Date.now,
    environment: settings.environment,
    concurrency: settings.submits,
    unseenMs: settings.unseenMs,
    poll: { delayMs: settings.pollMs, delayMsMax: settings.pollMsMax },
  });
  const tries = connectionTries(installation, process.env, Date.now);
  const tests = { environment: installation, tries };
  await bringUpRunner(life, { installation, kinds: [jobRunner(kind)], tests });
  const places = vertex.places.map(({ project, location }) => `${project}/${location}`);
  life.status(() => ({ places }));
}
