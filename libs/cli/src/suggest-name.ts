// A hint for a name that does not exist.
import { suggest } from "@chasqui/dag";

export const suggestName = (written: string, known: readonly string[]): string =>
  suggest(written, known) ?? "there is none";
