// Which projects and locations there are: connections of type `vertex` in the environment file.
import { connectionOf } from "@chasqui/chassis";
import type { EnvironmentFile } from "@chasqui/chassis";
import type { Place } from "./vertex.ts";

export interface PlaceWithEndpoint extends Place {
  /** In place of Google's own. */
  readonly endpoint: string | undefined;
}

/** A connection's `location`, and with `regions` ("us-east1, europe-west4") those that a task may name, too. */
export function placesOf(file: EnvironmentFile, env: NodeJS.ProcessEnv): PlaceWithEndpoint[] {
  const names = Object.keys(file.connections).filter(
    (name) => file.connections[name]?.type === "vertex",
  );
  return names.flatMap((connection) => {
    const values = connectionOf(file, connection, "vertex", env);
    const { project, location: first, endpoint, regions = "" } = values;
    const locations = [first, ...regions.split(",")].map((one) => one.trim());
    return [...new Set(locations)]
      .filter((location) => location !== "")
      .map((location) => ({ connection, project, location, endpoint }));
  });
}
