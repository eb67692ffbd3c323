// The connections that the console uses itself: webhooks. Nobody is asked; the secret is there and can be used, or not.
import { connectionOf } from "@chasqui/chassis";
import type { EnvironmentFile, TryConnection } from "@chasqui/chassis";

export function connectionTries(
  environment: EnvironmentFile,
  env: NodeJS.ProcessEnv,
): Readonly<Record<"webhook", TryConnection>> {
  return {
    async webhook(name) {
      const { scheme, old_secret: old } = connectionOf(environment, name, "webhook", env);
      return `has its secret, scheme ${scheme}${old === undefined ? "" : ", and the one before"}`;
    },
  };
}
