// What is wrong with a value, as one sentence for people.
import type { Finding } from "./check-value.ts";

export function sentenceOf({ path, message, suggestion }: Finding): string {
  const where = path.length === 0 ? "" : `\`${path.join(".")}\`: `;
  return `${where}${message}${suggestion === undefined ? "" : `; ${suggestion}`}`;
}
