// `triggers` of a DAG: which events start a run, and what the run's key is.
import { create } from "@bufbuild/protobuf";
import type { JsonValue } from "@bufbuild/protobuf";
import { EventTriggerSchema } from "@chasqui/contracts";
import type { EventTrigger } from "@chasqui/contracts";
import { limits } from "../limits.ts";
import type { Path } from "../yaml/source.ts";
import { noteCondition, noteTemplates } from "./check-expressions.ts";
import { readList, readMap, readText } from "./reader.ts";
import type { Reader } from "./reader.ts";
import { eventFields, eventScopeFields, triggerFields, triggerRunFields } from "./words.ts";

const SUBJECT = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/;

export function compileTriggers(reader: Reader, value: JsonValue | undefined): EventTrigger[] {
  return readList(reader, ["triggers"], value, "triggers").flatMap((item, index) => {
    const trigger = compileTrigger(reader, ["triggers", index], item);
    return trigger === undefined ? [] : [trigger];
  });
}

function compileTrigger(reader: Reader, path: Path, value: JsonValue): EventTrigger | undefined {
  const fields = readMap(reader, path, value, "a trigger", triggerFields);
  if (fields === undefined) return undefined;
  if (fields["event"] === undefined) {
    reader.note(path, "a trigger has no `event`: want event: { subject: … }");
    return undefined;
  }
  const eventPath = [...path, "event"];
  const event = readMap(reader, eventPath, fields["event"], "event", eventFields);
  if (event === undefined) return undefined;
  if (event["subject"] === undefined)
    reader.note(eventPath, "event has no `subject`: want what follows chasqui.trigger. in it");
  const subject = readText(reader, [...eventPath, "subject"], event["subject"], "subject", {
    pattern: SUBJECT,
    want: "a source and a name such as logistics.routes.closed, without chasqui.trigger.",
  });
  const whenPath = [...eventPath, "when"];
  const condition = { want: "a condition", charsMax: limits.expressionCharsMax };
  const when = readText(reader, whenPath, event["when"], "when", condition) ?? "";
  const eventNames = { roots: ["event"], fields: { event: eventScopeFields } };
  if (event["when"] !== undefined) noteCondition(reader, whenPath, "when", when, eventNames);
  const keyPath = [...path, "key"];
  const key = readText(reader, keyPath, fields["key"], "key", { want: "a text with ${…}" }) ?? "";
  noteTemplates(reader, keyPath, "key", key, {
    roots: ["event", "run", "vars"],
    fields: { event: eventScopeFields, run: triggerRunFields },
  });
  return create(EventTriggerSchema, { subject: subject ?? "", when: when.trim(), key });
}
