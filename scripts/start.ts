// `npm start`: the whole of Chasqui on this machine, from a bare clone to the main job's mails, in one command.
// Starts servers, sandbox and services, applies dags/, runs the main job for yesterday and an example that fails,
// shows what happens, and stays up until Ctrl-C. `npm start -- --exit` ends after the main job, 0 when it succeeded.
import path from "node:path";
import { startWorld } from "@chasqui/sandbox";
import { connectServer, outputOf } from "chasqui";
import type { Cli } from "chasqui";
import { bundleAll } from "./bundle.ts";
import { applyDags } from "./start/apply-dags.ts";
import { readArguments, type StartArguments } from "./start/arguments.ts";
import { runMainJob } from "./start/main-job.ts";
import { createNarrator } from "./start/narrator.ts";
import { seedCluster } from "./start/seed-cluster.ts";
import { printAddresses } from "./start/summary.ts";
import { openWatch, watchDags } from "./start/watch-dags.ts";

const root = path.dirname(import.meta.dirname);
const say = createNarrator(process.stdout);
const args = readOrExit();

process.exitCode = await main();

/** A wrong command line is told in a line; nothing runs yet. */
function readOrExit(): StartArguments {
  try {
    return readArguments(process.argv.slice(2), process.env);
  } catch (thrown) {
    say.failed(thrown);
    process.exit(2);
  }
}

async function main(): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => stopping.abort(new Error(signal)));
  try {
    return await run(stopping.signal);
  } catch (thrown) {
    if (stopping.signal.aborted) return 130;
    say.failed(thrown);
    return 1;
  } finally {
    say.end();
  }
}

async function run(signal: AbortSignal): Promise<number> {
  say.step("bundling the services");
  const bundles = new Map((await bundleAll()).map(({ name, file }) => [name, file]));
  signal.throwIfAborted();
  await using world = await startWorld({
    root,
    dataDir: args.dataDir,
    environmentFile: path.join(root, "environments/local.yaml"),
    bundles,
    durable: true,
    ports: args.ports,
    signal,
    onStep: say.step,
    onDeath: (name, how) =>
      say.note(`${name} ended unexpectedly (${how}); its log is in ${args.dataDir}/logs`),
  });
  signal.throwIfAborted();
  await seedCluster(world);
  const server = await connectServer({ url: world.serverUrl, principal: "user:npm-start", signal });
  const output = outputOf(process.stdout);
  const cli: Cli = {
    out: output,
    err: output,
    env: process.env,
    cwd: root,
    nowMs: Date.now,
    signal,
    serverUrl: world.serverUrl,
    foreign: (work) => work(),
    connect: async () => server,
  };
  const saved = openWatch(args.dagsDir, signal); // before they are read: what is saved meanwhile is applied in the end
  say.step("applying dags/");
  if (!(await applyDags(args.dagsDir, cli, server, say))) return 1;
  const succeeded = await runMainJob(world, cli, server, say);
  printAddresses(world, say);
  if (!args.exit && !signal.aborted)
    await watchDags({ folder: args.dagsDir, saved }, cli, server, say);
  server.close();
  if (args.exit) return succeeded ? 0 : 1;
  say.note("stopping");
  return 0;
}
