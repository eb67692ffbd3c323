// `chasqui new <template> [name]`: a first DAG file, commented and valid.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { CliError, exitCodes, usageError } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { templates } from "../templates/templates.ts";

const NAME = /^[a-z][a-z0-9-]{0,62}$/;

export function newDag(
  cli: Cli,
  template: string,
  given: string | undefined,
  { dir }: { readonly dir: string },
): ExitCode {
  const found = Object.hasOwn(templates, template) ? templates[template] : undefined;
  if (found === undefined)
    throw usageError(
      `template ${JSON.stringify(template)}: want one of ${Object.keys(templates).join(", ")}`,
    );
  const name = given ?? `my-${template}`;
  if (!NAME.test(name))
    throw usageError(
      `name ${JSON.stringify(name)}: want a lower-case letter, then lower-case letters, digits or -`,
    );
  const file = path.join(dir, `${name}.yaml`);
  const full = path.resolve(cli.cwd, file);
  if (existsSync(full))
    throw new CliError(exitCodes.failed, `${file} exists already, and is left as it is`, {
      hint: `give another name: chasqui new ${template} <name>`,
    });
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, found.render(name), { flag: "wx" });
  printLines(cli.out, [
    `wrote ${file}`,
    `next: edit it, then  chasqui validate ${file}  and  chasqui apply ${file}`,
  ]);
  return exitCodes.ok;
}
