// `with` of vertex.custom-job: what libs/contracts announces as its schema, read into the core's JobConfig.
import {
  connectionName,
  integer,
  kindConfig,
  list,
  map,
  object,
  optional,
  scalarText,
  text,
  withDefault,
} from "@chasqui/runner";
import type { JobConfig } from "./core/spec.ts";

export const DEFAULT_CONNECTION = "vertex";

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const words = list(scalarText(), { max: 1_000 });

const config = kindConfig({
  display_name: optional(text({ lengthMax: 128 })),
  image: text({ pattern: /^\S+$/, lengthMax: 1_024, want: "an image" }),
  command: withDefault(words, []),
  args: withDefault(words, []),
  env: withDefault(map(scalarText(), { key: VARIABLE, max: 90 }), {}),
  machine_type: text({
    pattern: /^[a-z0-9-]{1,63}$/,
    want: "a machine type like n1-standard-4",
  }),
  accelerator: optional(
    object({
      type: text({ pattern: /^[A-Z0-9_]{1,63}$/, want: "a type like NVIDIA_TESLA_T4" }),
      count: withDefault(integer({ min: 1, max: 16 }), 1),
    }),
  ),
  replicas: withDefault(integer({ min: 1, max: 1_000 }), 1),
  labels: withDefault(
    map(text({ pattern: /^[a-z0-9_-]{1,63}$/, want: "a label of a-z, 0-9, _ and -" }), {
      key: /^[a-z][a-z0-9_-]{0,62}$/,
      max: 50,
    }),
    {},
  ),
  service_account: optional(text({ lengthMax: 253 })),
  region: optional(text({ pattern: /^[a-z]+-[a-z]+[0-9]+$/, want: "a region like us-central1" })),
  connection: withDefault(connectionName(["vertex"]), DEFAULT_CONNECTION),
});

/** Throws ConfigError. */
export function parseJobConfig(value: unknown): JobConfig {
  const read = config.parseConfig(value);
  return {
    displayName: read.display_name,
    image: read.image,
    command: read.command,
    args: read.args,
    env: read.env,
    machineType: read.machine_type,
    accelerator: read.accelerator,
    replicas: read.replicas,
    labels: read.labels,
    serviceAccount: read.service_account,
    region: read.region,
    connection: read.connection,
  };
}

/** The names that are read, for the test that compares them with the announced schema. */
export const jobConfigFields: readonly string[] = Object.keys(config.schema["properties"] ?? {});
