// A spec in the form that an author would write: the input of the server's second check, and what `diff` names.
// Invariant: compiling the result gives the same spec (C3 of compile-dag.ts).
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { DagSpec, RetryPolicy, Schedule, TaskSpec } from "@chasqui/contracts";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { formatDuration } from "./text/duration.ts";
import {
  alertWords,
  catchupWords,
  overlapWords,
  triggerRuleWords,
  wordOf,
} from "./compile/words.ts";

/** Fields that a wire message leaves at nothing are left out; unknown words become text that no check accepts. */
export function specToObject(spec: DagSpec): JsonObject {
  return present({
    id: spec.id,
    owner: spec.owner,
    description: spec.description,
    tags: spec.tags,
    schedule: spec.schedule && scheduleToObject(spec.schedule),
    triggers: spec.triggers.map(({ subject, when, key }) =>
      present({ event: present({ subject, when }), key }),
    ),
    params: spec.params,
    tasks: Object.fromEntries(spec.tasks.map((task) => [task.id, taskToObject(task)])),
    alerts: spec.alerts.map(({ on, slack }) => ({
      on: on.map((about) => word(alertWords, about)),
      slack,
    })),
    max_active_runs: spec.maxActiveRuns === 0 ? undefined : spec.maxActiveRuns,
    timeout: durationText(spec.timeout),
  });
}

function scheduleToObject(schedule: Schedule): JsonObject {
  const { crons, timezone, start, end } = schedule;
  const timed = crons.length > 0;
  return present({
    cron: timed ? crons : undefined,
    timezone,
    catchup: timed && schedule.catchup !== 0 ? word(catchupWords, schedule.catchup) : undefined,
    overlap: timed && schedule.overlap !== 0 ? word(overlapWords, schedule.overlap) : undefined,
    start,
    end,
  });
}

function taskToObject(task: TaskSpec): JsonObject {
  return present({
    needs: task.needs,
    uses: task.uses,
    with: task.with,
    when: task.when,
    trigger_rule: task.triggerRule === 0 ? undefined : word(triggerRuleWords, task.triggerRule),
    retries: task.retries && retriesToObject(task.retries),
    timeout: durationText(task.timeout),
    allow_failure: task.allowFailure ? true : undefined,
  });
}

function retriesToObject({ max, backoff, factor, maxBackoff }: RetryPolicy): JsonObject {
  return present({
    max,
    backoff: durationText(backoff),
    factor: factor === 0 ? 1 : factor,
    max_backoff: durationText(maxBackoff),
  });
}

const word = <T>(words: Readonly<Record<string, T>>, value: T): string =>
  wordOf(words, value) ?? String(value);

/** Milliseconds of a protobuf duration. */
export const durationMs = ({ seconds, nanos }: Duration): number =>
  Number(seconds) * 1_000 + nanos / 1_000_000;

export const durationText = (duration: Duration | undefined): string | undefined =>
  duration === undefined ? undefined : formatDuration(durationMs(duration));

/** Without what is absent or empty. */
function present(fields: Record<string, JsonValue | undefined>): JsonObject {
  const entries = Object.entries(fields).flatMap(([key, value]) => {
    const empty =
      value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
    return empty ? [] : [[key, value] as const];
  });
  return Object.fromEntries(entries);
}
