// A trigger in words, for people who did not write it.
import { RunOutcome } from "@chasqui/contracts";
import type { TriggerCondition } from "@chasqui/contracts";
import { outcomeWords, wordOf } from "../compile/words.ts";

/** `event logistics.routes.closed`, `asset orders or asset routes`. */
export function describeTrigger(condition: TriggerCondition | undefined, isInside = false): string {
  const found = condition?.condition;
  switch (found?.case) {
    case "event":
      return `event ${found.value.subject}${whenOf(found.value.when)}`;
    case "dag": {
      const { dagId, states, when } = found.value;
      const wanted = states.length === 0 ? [RunOutcome.SUCCEEDED] : states;
      const words = wanted.map((state) => wordOf(outcomeWords, state) ?? "ended");
      return `a run of ${dagId} that ${words.join(" or ")}${whenOf(when)}`;
    }
    case "asset":
      return `asset ${found.value.name}`;
    case "all":
    case "any": {
      const word = found.case === "all" ? " and " : " or ";
      const parts = found.value.conditions.map((one) => describeTrigger(one, true));
      return isInside ? `(${parts.join(word)})` : parts.join(word);
    }
    default:
      return "nothing";
  }
}

const whenOf = (when: string): string => (when === "" ? "" : ` when ${when}`);
