// Which subjects concern a topic: what is heard there says only that it is time to look.
import type { Bus } from "@chasqui/bus";
import { subjects } from "@chasqui/contracts";
import type { Topic } from "./store/waits.ts";

const subjectsOf: Readonly<Record<string, (topic: string) => string>> = {
  "sensor.event": (subject) => subjects.trigger(subject),
  "sensor.dag": (topic) => {
    const [dagId = "", every] = topic.split("/");
    return subjects.eventsOfDag(every === undefined ? "run-settled" : "*", dagId);
  },
};

export function subscriptions(bus: Pick<Bus, "subscribePlain">) {
  return ({ kind, topic }: Topic, heard: () => void): (() => void) => {
    const subject = subjectsOf[kind]?.(topic);
    if (subject === undefined) return () => undefined; // a kind that a later version knows
    const subscribed = bus.subscribePlain(subject, heard);
    return () => subscribed.unsubscribe();
  };
}
