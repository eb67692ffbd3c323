// Colours, only where somebody sees them: on a terminal, and not when NO_COLOR is set.

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  blue(text: string): string;
}

const wrap =
  (open: number, close: number) =>
  (text: string): string =>
    text === "" ? "" : `\u001b[${open}m${text}\u001b[${close}m`;
const same = (text: string): string => text;

const coloured: Style = {
  bold: wrap(1, 22),
  dim: wrap(2, 22),
  red: wrap(31, 39),
  green: wrap(32, 39),
  yellow: wrap(33, 39),
  blue: wrap(34, 39),
};

export const plain: Style = {
  bold: same,
  dim: same,
  red: same,
  green: same,
  yellow: same,
  blue: same,
};

/** https://no-color.org: any non-empty NO_COLOR wins; FORCE_COLOR is for those who pipe into a pager. */
export function styleFor(isTty: boolean, env: Readonly<Record<string, string | undefined>>): Style {
  if (env["NO_COLOR"]) return plain;
  if (env["FORCE_COLOR"] && env["FORCE_COLOR"] !== "0") return coloured;
  return isTty && env["TERM"] !== "dumb" ? coloured : plain;
}

/** The text as it is seen: without colours and without characters that would drive a terminal. */
export const withoutColours = (text: string): string => text.replace(/\u001b\[[0-9;]*m/g, "");

/** Text from outside, made harmless: a log line or an error must not move the cursor or change the title. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text
    .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, "")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}
