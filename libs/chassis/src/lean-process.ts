// How whoever starts a service (npm start, tests, images) makes its process small and its start short: variables that
// only count when they are there before Node starts. glibc gives every thread an arena of its own and keeps what is freed;
// a service has eight threads that hardly allocate. Measured: 3 to 6 of 75 MB.

export const leanProcessEnv = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_TRIM_THRESHOLD_: "131072",
} as const;

/** Where Node keeps compiled source from one start of a program to the next, if whoever starts many has set it. */
export function compiledSourceEnv(): Record<string, string> {
  const { NODE_COMPILE_CACHE: folder } = process.env;
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}
