// `with` of k8s.pod: what libs/contracts announces as its schema, read into the core's PodConfig.
import {
  duration,
  integer,
  kindConfig,
  list,
  map,
  object,
  oneOrMany,
  optional,
  scalarText,
  text,
  withDefault,
} from "@chasqui/runner";
import type { PodConfig } from "./core/manifest.ts";

const DAY_MS = 86_400_000;
const ANY_KEY = /^.{1,317}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const quantity = text({
  pattern: /^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/,
  want: "a quantity like 500m, 2, 512Mi or 4Gi",
});

const config = kindConfig({
  image: text({ pattern: /^\S+$/, lengthMax: 1_024, want: "an image" }),
  command: withDefault(list(scalarText({ lengthMax: 131_072 }), { max: 1_000 }), []),
  args: withDefault(list(scalarText({ lengthMax: 131_072 }), { max: 1_000 }), []),
  env: withDefault(map(scalarText({ lengthMax: 131_072 }), { key: VARIABLE, max: 1_000 }), {}),
  secrets: withDefault(
    map(
      text({
        pattern: /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\/[A-Za-z0-9._-]+$/,
        want: "<secret>/<key>",
      }),
      { key: VARIABLE, max: 100 },
    ),
    {},
  ),
  resources: optional(object({ cpu: optional(quantity), memory: optional(quantity) })),
  labels: withDefault(map(scalarText({ lengthMax: 63 }), { key: ANY_KEY, max: 50 }), {}),
  service_account: optional(text({ lengthMax: 253 })),
  node_selector: withDefault(map(scalarText({ lengthMax: 63 }), { key: ANY_KEY, max: 50 }), {}),
  active_deadline: optional(duration({ minMs: 1_000, maxMs: 365 * DAY_MS })),
  skip_on_exit_code: withDefault(oneOrMany(integer({ min: 1, max: 255 }), { max: 255 }), []),
});

/** Throws ConfigError. */
export function parsePodConfig(value: unknown): PodConfig {
  const read = config.parseConfig(value);
  return {
    image: read.image,
    command: read.command,
    args: read.args,
    env: read.env,
    secrets: read.secrets,
    resources: { cpu: read.resources?.cpu, memory: read.resources?.memory },
    labels: read.labels,
    serviceAccount: read.service_account,
    nodeSelector: read.node_selector,
    activeDeadlineMs: read.active_deadline,
    skipExitCodes: read.skip_on_exit_code,
  };
}

/** The names that are read, for the test that compares them with the announced schema. */
export const podConfigFields: readonly string[] = Object.keys(config.schema["properties"] ?? {});
