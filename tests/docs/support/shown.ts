// Compares what a page shows with what was printed: `…` stands for any lines, and what differs from run to run
// (times, ids, addresses, dates) counts as the same. What a busy machine is told of a wait, no page shows.

const WAIT = /^ {2}… .* \(\d+ s\)$/;

/** The first shown line that was not printed, in order; undefined when all were. */
export function firstMissing(shown: string, printed: string): string | undefined {
  const lines = printed
    .split("\n")
    .filter((line) => !WAIT.test(line))
    .map(normal);
  let at = 0;
  let mayLeaveOut = true;
  for (const line of shown.split("\n")) {
    if (line.trim() === "…") {
      mayLeaveOut = true;
      continue;
    }
    const wanted = normal(line);
    const found = lines.indexOf(wanted, at);
    if (found < 0 || (!mayLeaveOut && found !== at)) return line;
    at = found + 1;
    mayLeaveOut = false;
  }
  return undefined;
}

export function normal(line: string): string {
  return line
    .replaceAll(/\b(run|att)-[0-9a-hjkmnp-tv-z]{12,26}\b/g, "<$1>")
    .replaceAll(/\b\d{4}-\d{2}-\d{2}\b/g, "<date>")
    .replaceAll(/\b\d{2}:\d{2}:\d{2}\b/g, "<time>")
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, "<address>")
    .replaceAll(/(?:< )?\b\d+(?:\.\d+)? (?:ms|s|min)\b/g, "<span>")
    .replaceAll(/\s+/g, " ")
    .trimEnd();
}
