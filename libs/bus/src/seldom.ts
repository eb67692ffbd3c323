// What is one fact however often it comes, such as an outage with 10,000 messages a second.
const INTERVAL_MS = 1_000;

/** Answers yes at most once a second. */
export function seldom(): () => boolean {
  let lastMs = 0;
  return () => {
    const nowMs = Date.now();
    if (nowMs - lastMs < INTERVAL_MS) return false;
    lastMs = nowMs;
    return true;
  };
}
