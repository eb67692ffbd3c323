// What a kind of sensor is: how its `with` is read, and how one look is taken. All the rest (rows, pace, time-outs,
// reports) is the same for every kind.
// Invariant: what reaches outside is loaded with the first wait of its kind, not before.
import type { JsonMap, Progress, Seen, WaitSpec } from "../core/wait.ts";

export interface SensorKind<C> {
  readonly kind: string;
  /** One sentence for people. */
  readonly description: string;
  /** `with`, distrusted. Throws ConfigError. */
  parse(value: unknown): WaitSpecOf<C>;
  /** Puts in what only the attempt knows, before the wait becomes a row. */
  settle?(config: C, about: AboutAttempt): C;
  /** What is waited for, as it stands after "waited in vain for". */
  what(config: C): string;
  /** What may be heard of meanwhile: whoever hears it has its waits looked at. */
  topic?(config: C): string;
  open(): Promise<Looker<C>>;
}

export interface WaitSpecOf<C> extends WaitSpec {
  readonly of: C;
}

export interface AboutAttempt {
  /** The run's logical time. */
  readonly logicalMs: number;
}

export interface LookAt {
  readonly progress: Progress;
  readonly nowMs: number;
  readonly deadlineMs: number;
  /** Fires when the look takes too long, or when the service stops. */
  readonly signal: AbortSignal;
}

export interface Looker<C> {
  /** CannotAsk: it can never be asked. Any other error: nobody answered, this time. */
  look(config: C, at: LookAt): Promise<Seen>;
  close(): Promise<void>;
}

/** Asking can never work: no such connection, a forbidden address, a query that is refused. */
export class CannotAsk extends Error {
  override readonly name = "CannotAsk";
  readonly evidence: JsonMap;
  constructor(message: string, options: ErrorOptions & { readonly evidence?: JsonMap } = {}) {
    super(message, options);
    this.evidence = options.evidence ?? {};
  }
}

/** Only a kind's own parser makes its configurations, so their type is forgotten here. */
export const sensorKind = <C>(kind: SensorKind<C>): SensorKind<unknown> => kind;
