// What the tests in TypeScript see of supervise.mjs.
export function signalFilter(): (name: string, atMs: number) => boolean;
