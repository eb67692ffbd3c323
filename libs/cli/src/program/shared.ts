// What the command definitions share: option parsers, example texts, the shape of an action.
import { InvalidArgumentError } from "commander";
import type { Cli } from "../cli.ts";
import type { ExitCode } from "../errors.ts";

/** Turns a command's work into commander's action: makes the context, keeps the exit code. */
export type With = <A extends unknown[]>(
  act: (cli: Cli, ...args: A) => Promise<ExitCode>,
) => (...args: A) => Promise<void>;

export const number =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`want an integer in ${min}..${max}`);
  };

/** An option that may be given again. */
export const collect = (value: string, known: readonly string[] = []): string[] => [
  ...known,
  value,
];

export const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ chasqui ${line}`).join("\n")}\n`;

export const JSON_OPTION = ["--json", "print JSON"] as const;
export const RUN_ARGUMENT = [
  "<run>",
  "an id, the beginning of one, <dag>/<key>, or <dag> for its newest run",
] as const;
