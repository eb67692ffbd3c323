// How late a tick runs on purpose, so that thousands of schedules of midnight are not one blow. Always the same for
// the same DAG and tick: whoever asks, and however often, a run begins when it was said to.

/** Whole milliseconds from 0 to just below `jitterMs`. */
export function jitterOf(dagId: string, dueMs: number, jitterMs: number): number {
  if (jitterMs <= 0) return 0;
  return Math.floor(fraction(`${dagId} ${dueMs}`) * jitterMs);
}

/** FNV-1a, stirred until neighbours are far apart (the finalizer of MurmurHash3). */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}
