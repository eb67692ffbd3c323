// Virtual time: each step takes so long, so that the machine's own seconds (grace, free repeats) come into play.
export const STEP_MS = 500;
