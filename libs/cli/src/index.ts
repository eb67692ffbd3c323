// The door of the package `chasqui`: what `npm start` shows in the same words as the CLI.

export { connectServer, fromRpc } from "./server.ts";
export type { ConnectOptions, Server } from "./server.ts";
export { CliError, exitCodes } from "./errors.ts";
export type { ExitCode } from "./errors.ts";
export type { Cli, Output } from "./cli.ts";
export { outputOf } from "./output.ts";
export { runCli } from "./run-cli.ts";
export type { Invocation } from "./run-cli.ts";
export { compileFiles, findDagFiles } from "./dag-files.ts";
export type { DagFile } from "./dag-files.ts";
export { applySpecs, renderApplied } from "./commands/apply.ts";
export type { Applied } from "./commands/apply.ts";
export { follow, renderRun } from "./commands/follow.ts";
export { renderFailures } from "./commands/run.ts";
export { isSettled, viewRun } from "./run-view.ts";
export type { FailureView, RunView, TaskView } from "./run-view.ts";
export { createLiveArea } from "./render/live-area.ts";
export type { LiveArea, Terminal } from "./render/live-area.ts";
export { renderHeading, renderState, renderTasks } from "./render/run-table.ts";
export type { RenderOptions } from "./render/run-table.ts";
export { renderChanges } from "./render/run-changes.ts";
export { renderProblem } from "./render/problems.ts";
export { renderTable } from "./render/table.ts";
export type { Column, TableOptions } from "./render/table.ts";
export { plain, printable, styleFor } from "./render/style.ts";
export type { Style } from "./render/style.ts";
export { formatClock, formatDistance, formatInstant, formatSpan } from "./render/time.ts";
