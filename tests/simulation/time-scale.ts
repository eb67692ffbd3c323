// Virtual time: each step takes so long, so that the machine's own seconds (grace, free repeats) come into play.
export const STEP_MS = 500;
/** How long a stream knows an id; longer than most crashes, shorter than a run. */
export const WINDOW_MS = 40 * STEP_MS;
/** How long a message stays with a holder that is not heard of. */
export const ACK_WAIT_MS = 60 * STEP_MS;
