// Logs: one JSON object a line on stdout, fields in snake case, secrets masked on the finished line so that
// no field, message or stack can let one through. Written synchronously: the last line before an exit counts,
// and a service at rest says nothing, so the hot path never waits for it.
import { pino, stdSerializers, type DestinationStream, type Logger } from "pino";
import { oneOf, settingsFrom } from "./settings.ts";
import { mask } from "./secrets.ts";

export type { Logger } from "pino";

const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

export interface LoggerOptions {
  readonly service: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Where lines go; stdout unless a test wants to read them. */
  readonly destination?: DestinationStream;
}

/** The level is CHASQUI_LOG_LEVEL (info). Fields that people search for: `trace_id`, `run_id`, `attempt_id`. */
export function createLogger({ service, env = process.env, destination }: LoggerOptions): Logger {
  const { level } = settingsFrom(env, {
    level: oneOf("CHASQUI_LOG_LEVEL", levels, { default: "info" }),
  });
  return pino(
    {
      level,
      base: { service },
      messageKey: "message",
      errorKey: "error",
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: errorFields },
      hooks: { streamWrite: mask },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

/** Type, message, stack with causes, and the error's own fields. A bundle renames classes; `name` stays. */
function errorFields(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  return { ...stdSerializers.err(thrown), type: thrown.name };
}
