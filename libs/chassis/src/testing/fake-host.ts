// A process for lifecycle tests: signals are sent by the test, the exit code is seen, time is asked for.
import type { Host, UncaughtOrigin } from "../host.ts";

export interface FakeHost extends Host {
  signal(name?: string): void;
  parentGone(): void;
  uncaught(error: unknown, origin?: UncaughtOrigin): void;
  /** Moves the clock, and runs what was to be called back after `ms` or less. */
  elapse(ms: number): void;
  readonly exitCodes: number[];
  readonly exited: Promise<number>;
  readonly complaints: string[];
}

export function fakeHost(env: NodeJS.ProcessEnv = {}): FakeHost {
  const onSignal: ((signal: string) => void)[] = [];
  const onParentGone: (() => void)[] = [];
  const onUncaught: Parameters<Host["onUncaught"]>[0][] = [];
  const later: { ms: number; callback: () => void }[] = [];
  const exitCodes: number[] = [];
  const complaints: string[] = [];
  let nowMs = 0;
  const exited = Promise.withResolvers<number>();
  return {
    env: { CHASQUI_LOG_LEVEL: "silent", ...env },
    onSignal: (listener) => void onSignal.push(listener),
    onParentGone: (listener) => void onParentGone.push(listener),
    onUncaught: (listener) => void onUncaught.push(listener),
    after: (ms, callback) => void later.push({ ms, callback }),
    nowMs: () => nowMs,
    complain: (message) => void complaints.push(message),
    exit(code) {
      exitCodes.push(code);
      exited.resolve(code);
    },
    signal: (name = "SIGTERM") => onSignal.forEach((listener) => listener(name)),
    parentGone: () => onParentGone.forEach((listener) => listener()),
    uncaught: (error, origin = "uncaughtException") =>
      onUncaught.forEach((listener) => listener(error, origin)),
    elapse(ms) {
      nowMs += ms;
      for (const { callback } of later.filter((one) => one.ms <= ms)) callback();
    },
    exitCodes,
    exited: exited.promise,
    complaints,
  };
}
