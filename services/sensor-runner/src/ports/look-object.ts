// Looks into a bucket once.
import { OBJECTS_MAX, judgeObjects, objectsThatCount, uriOf } from "../core/kinds/object.ts";
import type { FoundObject, ObjectConfig } from "../core/kinds/object.ts";
import type { Looker } from "../kinds/kind.ts";
import type { AddressPolicy } from "./addresses.ts";
import type { Connections } from "./connections.ts";
import type { TokenOf } from "./gcs-objects.ts";
import { guardedAgent } from "./guarded-agent.ts";
import { guardedSend } from "./guarded-send.ts";
import type { ObjectStore } from "./object-store.ts";

export function objectLooker(options: {
  readonly policy: AddressPolicy;
  readonly connections: Connections;
  /** In place of Google's own. */
  readonly tokenOf?: TokenOf;
}): Looker<ObjectConfig> {
  const guarded = guardedAgent(options.policy);
  const send = guardedSend(guarded);
  let tokens: Promise<TokenOf> | undefined =
    options.tokenOf === undefined ? undefined : Promise.resolve(options.tokenOf);
  const tokenOf: TokenOf = async (credentials) => {
    tokens ??= import("./google-token.ts").then(({ googleTokens }) => googleTokens());
    return (await tokens)(credentials);
  };
  const storeOf = async ({ connection, bucket }: ObjectConfig): Promise<ObjectStore> => {
    if (options.connections.typeOf(connection) === "gcs") {
      const { gcsObjects } = await import("./gcs-objects.ts");
      return gcsObjects(options.connections.of(connection, "gcs"), bucket, { send, tokenOf });
    }
    const { s3Objects } = await import("./s3-objects.ts");
    return s3Objects(options.connections.of(connection, "s3"), bucket, send);
  };
  return {
    async look(config, { signal }) {
      const store = await storeOf(config);
      const uri = uriOf(store.scheme, config);
      if (config.key === undefined)
        return judgeObjects(config, await listed(store, config, signal), { uri });
      const looked = await store.head(config.key, signal);
      if ("absent" in looked) return judgeObjects(config, [], { uri, absent: looked.absent });
      return judgeObjects(config, [looked.found], { uri });
    },
    close: () => guarded.agent.destroy(),
  };
}

/** As many as the wait needs to see. */
async function listed(
  store: ObjectStore,
  config: ObjectConfig,
  signal: AbortSignal,
): Promise<readonly FoundObject[]> {
  const { prefix = "", minCount } = config;
  const objects: FoundObject[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.list(prefix, after, signal);
    objects.push(...page.objects);
    after = page.next;
    if (after === undefined || objects.length >= OBJECTS_MAX) return objects;
    if (objectsThatCount(config, objects).length >= minCount) return objects;
  }
}
