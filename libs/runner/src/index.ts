// The door of @chasqui/runner: how a service runs tasks of its own kinds.
//   await runRunner({ name: "billing-runner", kinds: [callRunner({ kind: "billing.invoice", … })] });

export { ConfigError, TaskFailure, failureClasses } from "./attempt.ts";
export type {
  Attempt,
  AttemptRef,
  AttemptTimes,
  FailureInit,
  FailureKind,
  Json,
  Outcome,
} from "./attempt.ts";
export type { CallContext } from "./context.ts";
export {
  connectionName,
  described,
  duration,
  flag,
  integer,
  json,
  list,
  map,
  number,
  oneOf,
  oneOrMany,
  optional,
  scalarText,
  text,
  withDefault,
} from "./config/fields.ts";
export type { Field } from "./config/fields.ts";
export { kindConfig, object } from "./config/kind-config.ts";
export type { ConfigOf, KindConfig } from "./config/kind-config.ts";
export { bindParameters } from "./core/query-parameters.ts";
export type { Binding, BoundQuery, ParamValue, Place } from "./core/query-parameters.ts";
export { RETAIN_MS } from "./core/sweep.ts";
export type { HeldJob } from "./core/sweep.ts";
export { callRunner, jobRunner } from "./kinds.ts";
export type { CallKind, HeldRef, JobKind, JobReports, Runner, Submission } from "./kinds.ts";
export type { AttemptLog } from "./logs.ts";
export type { Claims, RunnerBus, RunnerLog, RunnerPart, RunnerTelemetry } from "./ports.ts";
export { bringUpRunner, runnerSettings } from "./bring-up-runner.ts";
export type { ConnectionTests, RunnerParts, RunnerSettings } from "./bring-up-runner.ts";
export { runRunner } from "./run-runner.ts";
export type { RunnerProcess } from "./run-runner.ts";
export { startRunner } from "./start-runner.ts";
export type { RunnerOptions, RunningRunner } from "./start-runner.ts";
