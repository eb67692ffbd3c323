// How a webhook is signed, out of its connection; read at each request, so that a rotated secret is known at once.
import { connectionOf } from "@chasqui/chassis";
import type { EnvironmentFile } from "@chasqui/chassis";
import type { Signing } from "./signature.ts";

const HEADER = "x-hub-signature-256";

/** Undefined when there is no such webhook. Throws ConnectionError when its secret cannot be had. */
export function signingOf(
  environment: EnvironmentFile,
  webhook: string,
  env: NodeJS.ProcessEnv,
): Signing | undefined {
  if (!environment.webhooks.includes(webhook)) return undefined;
  const connection = connectionOf(environment, webhook, "webhook", env);
  const { scheme, secret, old_secret: old, header = HEADER } = connection;
  return { scheme, secrets: [secret, ...(old === undefined ? [] : [old])], header };
}
