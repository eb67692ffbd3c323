// The connections that this service uses, tried without posting anything.
import { connectionOf, type EnvironmentFile, type TryConnection } from "@chasqui/chassis";

export function connectionTries(
  file: EnvironmentFile,
  env: NodeJS.ProcessEnv,
  { timeoutMs }: { readonly timeoutMs: number },
): Readonly<Record<"slack", TryConnection>> {
  return {
    async slack(name) {
      const { token, api_url: apiUrl } = connectionOf(file, name, "slack", env);
      const { whoAmI } = await import("./ports/web-api-slack.ts");
      return whoAmI({ token, apiUrl }, { timeoutMs });
    },
  };
}
