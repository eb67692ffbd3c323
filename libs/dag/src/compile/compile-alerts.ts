// `alerts` of a DAG: who is told about what.
import { create } from "@bufbuild/protobuf";
import type { JsonValue } from "@bufbuild/protobuf";
import { AlertSpecSchema } from "@chasqui/contracts";
import type { AlertSpec } from "@chasqui/contracts";
import type { Path } from "../yaml/source.ts";
import { readList, readMap, readText, readWord } from "./reader.ts";
import type { Reader } from "./reader.ts";
import { alertFields, alertWords } from "./words.ts";

const CHANNEL = /^[#@]?[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/;

export function compileAlerts(reader: Reader, value: JsonValue | undefined): AlertSpec[] {
  return readList(reader, ["alerts"], value, "alerts").flatMap((item, index) => {
    const path: Path = ["alerts", index];
    const fields = readMap(reader, path, item, "an alert", alertFields);
    if (fields === undefined) return [];
    const on = readAlertWords(reader, [...path, "on"], fields["on"]);
    if (fields["slack"] === undefined)
      reader.note(path, 'an alert has no `slack`: want a channel such as "#alerts"');
    const slack = readText(reader, [...path, "slack"], fields["slack"], "slack", {
      pattern: CHANNEL,
      want: 'a channel such as "#logistics-alerts", in quotes',
    });
    return [create(AlertSpecSchema, { on, slack: slack ?? "" })];
  });
}

function readAlertWords(reader: Reader, path: Path, value: JsonValue | undefined) {
  const words = readList(reader, path, value, "on");
  if (words.length === 0 && (value === undefined || Array.isArray(value)))
    reader.note(
      path,
      `an alert is about nothing: want on: [${Object.keys(alertWords).join(", ")}], some of them`,
    );
  return words.flatMap((word, index) => {
    const on = readWord(reader, [...path, index], word, "on", alertWords);
    return on === undefined ? [] : [on];
  });
}
