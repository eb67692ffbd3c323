// `exclude` of a schedule: days without ticks, written in the DAG or in a file beside it, which is compiled in.
import type { JsonValue } from "@bufbuild/protobuf";
import type { ExcludedDays } from "@chasqui/contracts";
import { ExcludedDaysSchema } from "@chasqui/contracts";
import { create } from "@bufbuild/protobuf";
import { limits } from "../limits.ts";
import { quote } from "../text/suggest.ts";
import { parseExclusion } from "../time/exclusions.ts";
import type { Path } from "../yaml/source.ts";
import { readMap, readText } from "./reader.ts";
import type { Reader } from "./reader.ts";
import { holidayFileFields } from "./words.ts";

/** The text of a file beside the DAG's own; undefined when there is none. */
export type ReadFile = (relative: string) => string | undefined;

const WANT =
  "a day such as 2026-12-25, 12-25 for every year, or 2026-12-24..2027-01-06, then a name";
const FILE = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9._/-]+\.(?:txt|ya?ml)$/;

export function readExcludes(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  readFile: ReadFile | undefined,
): ExcludedDays[] {
  if (value === undefined) return [];
  const list: [Path, JsonValue][] = Array.isArray(value)
    ? value.map((item, index) => [[...path, index], item])
    : [[path, value]];
  const excluded = list.flatMap(([at, item]) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? readDaysFile(reader, at, item, readFile)
      : readDays(reader, at, item),
  );
  if (excluded.length > limits.excludesMax)
    reader.note(path, `exclude has ${excluded.length} entries: want at most ${limits.excludesMax}`);
  return excluded;
}

function readDays(reader: Reader, path: Path, value: JsonValue): ExcludedDays[] {
  const text = readText(reader, path, value, "exclude", { want: WANT });
  if (text === undefined) return [];
  const days = parseExclusion(text);
  if (days !== undefined) return [create(ExcludedDaysSchema, days)];
  reader.note(path, `exclude: ${quote(text)}: want ${WANT}`);
  return [];
}

function readDaysFile(
  reader: Reader,
  path: Path,
  value: JsonValue,
  readFile: ReadFile | undefined,
): ExcludedDays[] {
  const fields = readMap(reader, path, value, "exclude", holidayFileFields);
  if (fields === undefined) return [];
  if (fields["file"] === undefined) reader.note(path, "exclude has no `file`: want a file of days");
  const at = [...path, "file"];
  const file = readText(reader, at, fields["file"], "file", {
    pattern: FILE,
    want: "a .txt or .yaml file beside this one, such as holidays/colombia.txt",
  });
  if (file === undefined) return [];
  const text = readFile?.(file);
  if (text === undefined) {
    reader.note(at, `file ${quote(file)}: no such file beside the DAG`);
    return [];
  }
  if (text.length > limits.sourceCharsMax) {
    reader.note(at, `file ${quote(file)} has ${text.length} characters: want fewer`);
    return [];
  }
  return linesOf(text).flatMap(({ line, content }) => {
    const days = parseExclusion(content);
    if (days !== undefined) return [create(ExcludedDaysSchema, days)];
    reader.note(at, `${file}:${line}: ${quote(content)}: want ${WANT}`);
    return [];
  });
}

/** One entry a line, with or without the dash and quotes of a YAML list; # begins a comment. */
function linesOf(text: string): { line: number; content: string }[] {
  return text.split(/\r?\n/).flatMap((whole, index) => {
    const content = whole
      .replace(/(?:^|\s)#.*$/, "")
      .trim()
      .replace(/^-\s+/, "")
      .replace(/^(["'])(.*)\1$/, "$2")
      .trim();
    return content === "" || content === "---" ? [] : [{ line: index + 1, content }];
  });
}
