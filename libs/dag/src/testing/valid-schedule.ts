// A generator of random valid schedules in the author's form.
import fc from "fast-check";

const duration = fc.constantFrom("90s", "30m", "2d");
const optional = { requiredKeys: [] as [] };

const pause = {
  timezone: fc.constantFrom("America/Bogota", "UTC", "Europe/Berlin"),
  start: fc.constantFrom("2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T06:30"),
  end: fc.constantFrom("2027-01-01T12:00:00+02:00", "2030-01-01"),
  overlap: fc.constantFrom("queue", "skip", "cancel_other", "allow"),
  key: fc.constantFrom("${run.date}", "day ${run.interval.start}"),
};
const catchup = {
  catchup: fc.constantFrom("none", "latest", "all"),
  catchup_window: duration,
};
const when = fc.oneof(
  fc.record({ cron: fc.constantFrom("0 19 * * *", "@daily", "*/5 * * * mon-fri", "7 * * * * *") }),
  fc.constant({ cron: ["0 1 * * *", "@hourly"] }),
  fc.record(
    { every: fc.constantFrom("15m", "90s"), anchor: pause.start },
    { requiredKeys: ["every"] },
  ),
  fc.record({
    dates: fc.constant(["2026-12-24", "2026-10-06T19:00", "2026-10-06T19:00:00-05:00"]),
  }),
);
const timed = fc
  .tuple(
    when,
    fc.record(
      {
        ...pause,
        ...catchup,
        exclude: fc.constantFrom("12-25 Christmas", ["2026-12-25", "12-24..01-06"]),
        gap: fc.constantFrom("shift", "skip"),
        fold: fc.constantFrom("first", "both", "last"),
        jitter: fc.constantFrom("1s", "10m"),
        runs_for: fc.constantFrom("tick", "interval"),
      },
      optional,
    ),
  )
  .map(([when, rest]) => ({ ...when, ...rest }));
const once = fc.record(
  { cron: fc.constant("@once"), ...pause, ...catchup },
  { requiredKeys: ["cron"] },
);
const continuous = fc.record(
  {
    cron: fc.constant("@continuous"),
    ...{ ...pause, overlap: fc.constant("queue") },
    runs_for: fc.constantFrom("tick", "interval"),
  },
  { requiredKeys: ["cron"] },
);
export const schedule = fc.oneof({ weight: 6, arbitrary: timed }, once, continuous);
