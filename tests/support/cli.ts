// `chasqui …` as a person types it, in this process, against a server of a test's own.
export { invoke as invokeCli } from "../../libs/cli/src/testing/invoke.ts";
