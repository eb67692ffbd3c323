// The connections that this service uses, tried by looking for jobs that cannot be there yet.
import type { EnvironmentFile, TryConnection } from "@chasqui/chassis";
import { googleVertex } from "./ports/google-vertex.ts";
import { placesOf } from "./ports/places.ts";

export function connectionTries(
  file: EnvironmentFile,
  env: NodeJS.ProcessEnv,
  now: () => number,
): Readonly<Record<"vertex", TryConnection>> {
  return {
    async vertex(name) {
      const places = placesOf(file, env).filter(({ connection }) => connection === name);
      const vertex = googleVertex(places);
      try {
        for (const place of places) await vertex.find(place, { labels: {}, createdSinceMs: now() });
        const reached = places.map(({ project, location }) => `${project}/${location}`);
        return `jobs of ${reached.join(", ")}`;
      } finally {
        await vertex.close();
      }
    },
  };
}
