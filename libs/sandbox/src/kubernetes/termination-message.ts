// terminated.message: what the process wrote to the file named by TERMINATION_LOG, at most
// 4,096 bytes; with FallbackToLogsOnError, the end of its log when it failed without a word.
import { closeSync, openSync, readSync } from "node:fs";
import { textAt } from "../web/json.ts";
import { START_ERROR_CODE } from "./container-process.ts";
import type { Exit } from "./container-process.ts";
import type { LogFile } from "./log-file.ts";
import { tailText } from "./log-read.ts";

const MESSAGE_BYTES_MAX = 4_096;
const FALLBACK_BYTES_MAX = 2_048;
const FALLBACK_LINES_MAX = 80;

export function terminationMessage(of: {
  exit: Exit;
  messagePath: string;
  log: LogFile;
  container: unknown;
}): string {
  const { exit, messagePath, log, container } = of;
  if (exit.startError !== undefined) {
    const name = textAt(container, "name") ?? "";
    return `failed to start container ${JSON.stringify(name)} (${START_ERROR_CODE}): ${exit.startError}`;
  }
  const written = readStart(messagePath);
  if (written !== "" || exit.exitCode === 0) return written;
  if (textAt(container, "terminationMessagePolicy") !== "FallbackToLogsOnError") return "";
  return tailText(log, { lines: FALLBACK_LINES_MAX, bytes: FALLBACK_BYTES_MAX });
}

function readStart(path: string): string {
  try {
    const file = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(MESSAGE_BYTES_MAX);
      return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return ""; // it wrote none
  }
}
