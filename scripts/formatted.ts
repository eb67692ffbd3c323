// What the formatter makes of a text that a program wrote.
import { readFileSync } from "node:fs";
import path from "node:path";
import { format, type FormatConfig } from "oxfmt";

function parseConfig(text: string): FormatConfig {
  return JSON.parse(text) as FormatConfig; // the formatter checks it itself
}

/** `file`: tells the language. Errors: a text that cannot be read as that language. */
export async function formatted(root: string, file: string, text: string): Promise<string> {
  const config = parseConfig(readFileSync(path.join(root, ".oxfmtrc.json"), "utf8"));
  const { code, errors } = await format(file, text, config);
  if (errors.length > 0) throw new Error(`${file}: ${errors.map((e) => e.message).join("; ")}`);
  return code;
}
