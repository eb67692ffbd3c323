// A DAG of the server, when there is one.
import type { Dag } from "@chasqui/contracts";
import { CliError, exitCodes } from "../errors.ts";
import type { Server } from "../server.ts";

/** `version` 0 means the current one. Undefined when no DAG is called so. */
export async function findDag(
  server: Server,
  dagId: string,
  version = 0,
): Promise<Dag | undefined> {
  try {
    return (await server.dags.getDag({ dagId, version })).dag;
  } catch (thrown) {
    const { fromRpc } = await import("../server.ts");
    const error = fromRpc(thrown, server.url);
    const isNone = error instanceof CliError && error.exitCode === exitCodes.notFound;
    if (isNone && version === 0) return undefined;
    throw thrown;
  }
}
