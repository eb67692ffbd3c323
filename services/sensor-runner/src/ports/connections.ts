// Connections as sensors use them: of the type that is wanted, references resolved at each use.
// Invariant: whatever is wrong with one is a CannotAsk that names it.
import { connectionOf } from "@chasqui/chassis";
import type { ConnectionOf, EnvironmentFile } from "@chasqui/chassis";
import type { ConnectionTypeName } from "@chasqui/contracts";
import { CannotAsk } from "../kinds/kind.ts";

export interface Connections {
  of<T extends ConnectionTypeName>(name: string, type: T): ConnectionOf<T>;
  /** As the file has it; undefined when there is none of this name. */
  typeOf(name: string): string | undefined;
}

export function connectionsOf(file: EnvironmentFile, env: NodeJS.ProcessEnv): Connections {
  return {
    of(name, type) {
      try {
        return connectionOf(file, name, type, env);
      } catch (cause) {
        throw new CannotAsk(cause instanceof Error ? cause.message : String(cause), { cause });
      }
    },
    typeOf: (name) =>
      Object.hasOwn(file.connections, name) ? file.connections[name]?.type : undefined,
  };
}
