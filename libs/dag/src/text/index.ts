// The door `@chasqui/dag/text`: how problems of files are told, without the language itself, for whoever reads other
// files than DAGs and would not load an expression engine for it.

export { positionsIn } from "./positions.ts";
export { listNames, nearest, quote, suggest } from "./suggest.ts";
export { formatProblem, sortProblems } from "../problem.ts";
export type { Position, Problem } from "../problem.ts";
