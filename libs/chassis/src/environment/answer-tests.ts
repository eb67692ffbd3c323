// A service that resolves connections tries them when the console asks: with its own variables and files, over its own
// network, as a task would.
// Invariants:
//   A1. The answer holds no secret: everything that the connection resolved to is masked before it is said.
//   A2. Every question is answered: TEST_MS is the most that a try may take, what throws is what failed.
//   A3. At most TESTS_MAX are tried at a time; more are told so.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ConnectionTestSchema, TryConnectionSchema, subjects } from "@chasqui/contracts";
import { mask } from "../secrets.ts";
import type { EnvironmentFile } from "./environment-file.ts";
import { ConnectionError, connectionTypeOf } from "./resolve-connection.ts";

export const TEST_MS = 10_000;
const TESTS_MAX = 4;
const MESSAGE_CHARS_MAX = 1_000;
const CAUSES_MAX = 6;

/** Reaches what is behind a connection and says what it reached; throws what failed. */
export type TryConnection = (name: string, signal: AbortSignal) => Promise<string>;

/** The part of the bus that is needed. */
interface AnsweringBus {
  answer(
    subject: string,
    handle: (data: Uint8Array) => Promise<Uint8Array>,
  ): { unsubscribe(): void };
}

export interface ConnectionTestOptions {
  readonly service: string;
  readonly bus: AnsweringBus;
  readonly environment: EnvironmentFile;
  /** By type of connection: those that this service uses. */
  readonly tries: Readonly<Record<string, TryConnection>>;
  readonly testMs?: number;
}

export function answerConnectionTests(options: ConnectionTestOptions) {
  const { service, bus } = options;
  let underway = 0;
  const subscribed = bus.answer(subjects.connectionTest(service), async (data) => {
    const startMs = performance.now();
    const say = (ok: boolean, message: string): Uint8Array => {
      const masked = mask(message).slice(0, MESSAGE_CHARS_MAX);
      const tookMs = Math.round(performance.now() - startMs);
      return toBinary(
        ConnectionTestSchema,
        create(ConnectionTestSchema, { service, ok, message: masked, tookMs }),
      );
    };
    if (underway >= TESTS_MAX) return say(false, `${TESTS_MAX} tests are under way: ask again`);
    underway += 1;
    try {
      return say(true, await attempt(fromBinary(TryConnectionSchema, data).name, options));
    } catch (thrown) {
      return say(false, reasonOf(thrown));
    } finally {
      underway -= 1;
    }
  });
  return {
    name: "connection tests",
    stop: (): Promise<void> => Promise.resolve(subscribed.unsubscribe()),
  };
}

async function attempt(
  name: string,
  { service, environment, tries, testMs = TEST_MS }: ConnectionTestOptions,
): Promise<string> {
  const type = connectionTypeOf(environment, name);
  const try_ = Object.hasOwn(tries, type) ? tries[type] : undefined;
  if (try_ === undefined)
    throw new ConnectionError(`${service} does not use connections of type ${type}`);
  const signal = AbortSignal.timeout(testMs);
  const late = Promise.withResolvers<never>();
  late.promise.catch(() => undefined);
  signal.addEventListener("abort", () => late.reject(new Error(`no answer within ${testMs} ms`)));
  return Promise.race([try_(name, signal), late.promise]);
}

/** With its causes: a client's own error often only says that something failed. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const words: string[] = [];
  let error: unknown = thrown;
  for (let depth = 0; error instanceof Error && depth < CAUSES_MAX; depth++) {
    if (error instanceof AggregateError && error.message === "" && error.errors.length > 0) {
      [error] = error.errors; // one per address of a name
      continue;
    }
    const text = error.message === "" ? error.name : error.message;
    if (!words.some((known) => known.includes(text))) words.push(text);
    error = error.cause;
  }
  return words.join(": ");
}
