// Following a run until it settles: a table that is redrawn on a terminal, a line per change elsewhere.
import { setTimeout as sleep } from "node:timers/promises";
import { RpcCode, RpcError } from "@chasqui/chassis";
import { printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { createLiveArea } from "../render/live-area.ts";
import { renderChanges } from "../render/run-changes.ts";
import { renderHeading, renderTasks } from "../render/run-table.ts";
import { isSettled, viewRun } from "../run-view.ts";
import type { RunView } from "../run-view.ts";
import type { Server } from "../server.ts";

const FRAME_MS = 250;
const RECONNECT_MS = 1_000;
/** A server that restarts is waited for so long. */
const OUTAGE_MS_MAX = 60_000;

/** Resolves with the settled run. */
export async function follow(cli: Cli, server: Server, runId: string): Promise<RunView> {
  const show = cli.out.isTty ? showTable(cli) : showLines(cli);
  try {
    for await (const run of watch(cli, server, runId)) {
      show.update(run);
      if (isSettled(run)) return run;
    }
  } finally {
    show.done();
  }
  throw new Error(`run ${runId}: the watch ended before the run did`);
}

/** The run after each change; goes on after the server was away for a while. */
async function* watch(cli: Cli, server: Server, runId: string): AsyncGenerator<RunView> {
  let awaySinceMs: number | undefined;
  for (;;) {
    try {
      for await (const { run } of server.runs.watchRun({ runId }, { signal: cli.signal })) {
        awaySinceMs = undefined;
        if (run === undefined) continue;
        const view = viewRun(run);
        yield view;
        if (isSettled(view)) return;
      }
    } catch (thrown) {
      if (!(thrown instanceof RpcError) || thrown.code !== RpcCode.UNAVAILABLE) throw thrown;
      awaySinceMs ??= cli.nowMs();
      if (cli.nowMs() - awaySinceMs > OUTAGE_MS_MAX) throw thrown;
    }
    await sleep(RECONNECT_MS, undefined, { signal: cli.signal });
  }
}

interface Show {
  update(run: RunView): void;
  done(): void;
}

function showLines(cli: Cli): Show {
  let last: RunView | undefined;
  return {
    update(run) {
      printLines(cli.out, renderChanges(last, run, cli.nowMs()));
      last = run;
    },
    done: () => undefined,
  };
}

/** Redrawn on a timer too, so that running times count up. */
function showTable(cli: Cli): Show {
  const area = createLiveArea(cli.out);
  let last: RunView | undefined;
  const draw = (): void => {
    if (last !== undefined) area.draw(renderRun(last, cli));
  };
  const timer = setInterval(draw, FRAME_MS);
  return {
    update(run) {
      last = run;
      draw();
    },
    done() {
      clearInterval(timer);
      draw();
      area.done();
    },
  };
}

/** The heading and the table of tasks. */
export function renderRun(run: RunView, cli: Pick<Cli, "out" | "nowMs">): string[] {
  const options = { style: cli.out.style, width: cli.out.columns, nowMs: cli.nowMs() };
  return [renderHeading(run, options), ...renderTasks(run, options)];
}
