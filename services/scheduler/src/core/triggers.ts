// What a trigger means for each DAG, as one pure function.
// Invariants:
//   G1. Each DAG with a binding whose subject matches has exactly one verdict; without any the trigger is unbound.
//   G2. A DAG starts by its first binding whose condition holds; a condition that cannot be evaluated does not hold.
//   G3. Nothing of one DAG's bindings changes what becomes of another's.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Trigger {
  readonly source: string;
  readonly id: string;
  readonly type: string;
  /** What follows chasqui.trigger. in the subject. */
  readonly path: string;
  /** When it happened; when it was read, if it does not say. */
  readonly timeMs: number;
  readonly data: { [key: string]: Json };
}

/** What expressions see as `event`. */
export function eventOf(trigger: Trigger): { [key: string]: Json } {
  return {
    id: trigger.id,
    source: trigger.source,
    type: trigger.type,
    subject: trigger.path,
    time: new Date(trigger.timeMs).toISOString(),
    data: trigger.data,
  };
}

export type Evaluated<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** One `event:` entry of a DAG, its expressions ready to be evaluated. */
export interface Binding {
  /** A subject below chasqui.trigger., or a filter with * and >. */
  readonly subject: string;
  readonly when: (trigger: Trigger) => Evaluated<boolean>;
  readonly key: (trigger: Trigger) => Evaluated<string>;
}

export interface BoundDag {
  readonly dagId: string;
  readonly bindings: readonly Binding[];
}

export type TriggerVerdict =
  | { readonly dagId: string; readonly outcome: "start"; readonly key: string }
  | { readonly dagId: string; readonly outcome: "filtered" | "dead"; readonly reason: string };

export const RUN_KEY_LENGTH_MAX = 256;

/** One verdict per bound DAG; none at all means that the trigger is unbound. */
export function decideTrigger(trigger: Trigger, dags: readonly BoundDag[]): TriggerVerdict[] {
  const verdicts: TriggerVerdict[] = [];
  for (const { dagId, bindings } of dags) {
    const matching = bindings.filter((binding) => matches(binding.subject, trigger.path));
    if (matching.length > 0) verdicts.push({ dagId, ...verdictOf(trigger, matching) });
  }
  return verdicts;
}

type Verdict =
  | { readonly outcome: "start"; readonly key: string }
  | { readonly outcome: "filtered" | "dead"; readonly reason: string };

function verdictOf(trigger: Trigger, bindings: readonly Binding[]): Verdict {
  const reasons: string[] = [];
  for (const binding of bindings) {
    const holds = binding.when(trigger);
    if (!holds.ok) reasons.push(`when: ${holds.reason}`);
    else if (!holds.value) reasons.push("when is false");
    else {
      const key = binding.key(trigger);
      if (!key.ok) return { outcome: "dead", reason: `key: ${key.reason}` };
      return checkedKey(key.value);
    }
  }
  return { outcome: "filtered", reason: [...new Set(reasons)].join("; ") };
}

function checkedKey(key: string): Verdict {
  if (key.length >= 1 && key.length <= RUN_KEY_LENGTH_MAX && !/\p{Cc}/u.test(key))
    return { outcome: "start", key };
  return {
    outcome: "dead",
    reason: `key: ${JSON.stringify(key.slice(0, 80))} has ${key.length} characters: want 1 to ${RUN_KEY_LENGTH_MAX}, no control characters`,
  };
}

/** Does a subject filter cover a subject? `*` stands for one token, `>` for one or more at the end. */
export function matches(filter: string, subject: string): boolean {
  const wanted = filter.split(".");
  const tokens = subject.split(".");
  for (const [index, token] of wanted.entries()) {
    if (token === ">") return index === wanted.length - 1 && tokens.length > index;
    if (tokens[index] === undefined || (token !== "*" && token !== tokens[index])) return false;
  }
  return wanted.length === tokens.length;
}
