// The connections of an environment file that a test writes down.
import { parseEnvironmentFile } from "@chasqui/chassis";
import { connectionsOf } from "../ports/connections.ts";
import type { Connections } from "../ports/connections.ts";

/** `specs`: by name, as the file has them. */
export function testConnections(
  specs: Readonly<Record<string, object>>,
  env: NodeJS.ProcessEnv = {},
): Connections {
  const text = JSON.stringify({ connections: specs }); // JSON is YAML
  return connectionsOf(parseEnvironmentFile("environments/test.yaml", text), env);
}
