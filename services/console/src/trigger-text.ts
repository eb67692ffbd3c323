// A DAG's trigger for people: what it waits for, and how many events become one run.
import type { Duration } from "@bufbuild/protobuf/wkt";
import type { Trigger, TriggerCondition } from "@chasqui/contracts";
import type { ApiDagTrigger } from "./api.ts";

export function triggerJson({ on, key, batch, rate, within }: Trigger): ApiDagTrigger {
  const notes = [
    batch && `together for ${seconds(batch.window)}`,
    rate && `at most ${rate.max} in ${seconds(rate.per)}`,
    within && `within ${seconds(within)}`,
  ].filter((note) => note !== undefined);
  return { on: on === undefined ? "" : conditionText(on), key, note: notes.join(", ") };
}

function conditionText({ condition }: TriggerCondition): string {
  switch (condition.case) {
    case "event":
      return withWhen(condition.value.subject, condition.value.when);
    case "dag":
      return withWhen(`end of ${condition.value.dagId}`, condition.value.when);
    case "asset":
      return `asset ${condition.value.name}`;
    case "all":
    case "any": {
      const word = condition.case === "all" ? " and " : " or ";
      const texts = condition.value.conditions.map((inner) =>
        inner.condition.case === "all" || inner.condition.case === "any"
          ? `(${conditionText(inner)})`
          : conditionText(inner),
      );
      return texts.join(word);
    }
    default:
      return "something that this console does not know";
  }
}

const withWhen = (what: string, when: string): string =>
  when === "" ? what : `${what} when ${when}`;

/** `90 s`, `10 min`, `6 h`. */
function seconds(duration: Duration | undefined): string {
  const all = Number(duration?.seconds ?? 0n) + (duration?.nanos ?? 0) / 1e9;
  if (all >= 3_600 && all % 3_600 === 0) return `${all / 3_600} h`;
  return all >= 60 && all % 60 === 0 ? `${all / 60} min` : `${all} s`;
}
