// The door of @chasqui/chassis/environment: environment files alone, for commands that start in no time and need
// neither a database nor a broker.

export { environments } from "./environment-names.ts";
export { parseEnvironmentFile } from "./environment-file.ts";
export type { EnvironmentFile } from "./environment-file.ts";
