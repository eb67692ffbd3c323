// A log for tests that do not read it.
import type { RunnerLog } from "../ports.ts";

export const quietLog: RunnerLog = { info() {}, warn() {}, error() {} };
