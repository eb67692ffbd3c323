// What a connection of environments/<env>.yaml may hold, by its type: which fields there are, which are secret, and
// which services use it. Read by the environment file's check, by `validate`, by `chasqui connections` and by people.
// Facts that a reader may rely on:
//   X1. A secret field is only ever written as a reference, env:NAME or file:path; its value is masked wherever the
//       process that resolved it speaks.
//   X2. `usedBy` are the services that resolve connections of the type, so they are the ones that can test them.

export interface ConnectionField {
  /** What a value must be. Whatever it is, it may be written as a reference. */
  readonly is: "text" | "address" | "port" | "integer" | "flag" | "choice";
  readonly about: string;
  readonly required?: boolean;
  readonly secret?: boolean;
  /** With `choice`: the words. */
  readonly choices?: readonly string[];
  /** With `address`: how it may begin; http and https if nothing is said. */
  readonly schemes?: readonly string[];
}

export interface ConnectionType {
  readonly about: string;
  readonly usedBy: readonly string[];
  readonly fields: Readonly<Record<string, ConnectionField>>;
  /** Each a list of fields; one of the lists must be there as a whole. */
  readonly oneOf?: readonly (readonly string[])[];
}

export const connectionTypes = {
  postgres: {
    about: "A PostgreSQL database",
    usedBy: ["report-mailer", "sensor-runner"],
    fields: {
      url: {
        is: "address",
        about: "postgres://user:password@host:5432/database, in place of all the others",
        schemes: ["postgres", "postgresql"],
      },
      host: { is: "text", about: "Its host" },
      port: { is: "port", about: "Its port; 5432 if nothing is said" },
      database: { is: "text", about: "The database" },
      user: { is: "text", about: "Who logs in" },
      password: { is: "text", about: "That user's password", secret: true },
      tls: {
        is: "choice",
        about: "How the line is encrypted; as the server likes if nothing is said",
        choices: ["disable", "prefer", "require", "verify-full"],
      },
    },
    oneOf: [["url"], ["host", "database", "user"]],
  },
  http: {
    about: "An HTTP endpoint",
    usedBy: ["sensor-runner"],
    fields: {
      base_url: {
        is: "address",
        about: "What the paths of tasks are added to; the token goes nowhere else",
        required: true,
      },
      token: { is: "text", about: "What it wants to see", secret: true },
      header: {
        is: "text",
        about: "The header that carries the token; `authorization: Bearer` if nothing is said",
      },
    },
  },
  smtp: {
    about: "A mail server",
    usedBy: ["report-mailer"],
    fields: {
      host: { is: "text", about: "Its host", required: true },
      port: { is: "port", about: "Its port; 25 if nothing is said" },
      from: { is: "text", about: "The sender of every mail", required: true },
      user: { is: "text", about: "Who logs in" },
      password: { is: "text", about: "That user's password", secret: true },
      tls: {
        is: "choice",
        about: "Required when a password goes to another machine",
        choices: ["required", "opportunistic", "none"],
      },
      lookup_url: { is: "address", about: "A catcher that can be asked whether it has a mail" },
    },
  },
  s3: {
    about: "Buckets that speak S3",
    usedBy: ["sensor-runner"],
    fields: {
      region: { is: "text", about: "For example us-east-1", required: true },
      endpoint: { is: "address", about: "In place of Amazon's own" },
      path_style: { is: "flag", about: "The bucket is in the path, not in the host's name" },
      access_key_id: { is: "text", about: "The key's id" },
      secret_access_key: { is: "text", about: "The key", secret: true },
      session_token: { is: "text", about: "Of a key that expires", secret: true },
    },
  },
  gcs: {
    about: "Buckets of Google Cloud Storage",
    usedBy: ["sensor-runner"],
    fields: {
      endpoint: { is: "address", about: "In place of Google's own" },
      credentials: {
        is: "text",
        about: "A service account's key, JSON; absent means the workload's own",
        secret: true,
      },
    },
  },
  slack: {
    about: "A Slack workspace",
    usedBy: ["alert-notifier"],
    fields: {
      token: { is: "text", about: "The bot's token", required: true, secret: true },
      api_url: { is: "address", about: "In place of Slack's own" },
    },
  },
  webhook: {
    about: "Another system that posts signed requests; its name is the source of the triggers",
    usedBy: ["console"],
    fields: {
      scheme: {
        is: "choice",
        about:
          "hmac: a header holds the body's HMAC-SHA256 in hex; standard: standardwebhooks.com; slack: presses of buttons in Slack",
        required: true,
        choices: ["hmac", "standard", "slack"],
      },
      secret: {
        is: "text",
        about: "What the other system signs with",
        required: true,
        secret: true,
      },
      old_secret: { is: "text", about: "The one before, while it may still be used", secret: true },
      header: {
        is: "text",
        about: "With hmac: the header; x-hub-signature-256 if nothing is said",
      },
    },
  },
  kubernetes: {
    about: "A Kubernetes cluster",
    usedBy: ["k8s-runner", "sensor-runner"],
    fields: {
      namespace: { is: "text", about: "Where pods of tasks run", required: true },
      server: {
        is: "address",
        about: "The API server; absent means kubeconfig, KUBECONFIG or the pod's own",
      },
      token: { is: "text", about: "With `server`: who we are", secret: true },
      kubeconfig: { is: "text", about: "A kubeconfig's text", secret: true },
    },
  },
  vertex: {
    about: "Vertex AI of one Google Cloud project",
    usedBy: ["vertex-runner"],
    fields: {
      project: { is: "text", about: "The project", required: true },
      location: { is: "text", about: "For example us-central1", required: true },
      regions: {
        is: "text",
        about: "Other locations that tasks may name, with commas between them",
      },
      endpoint: { is: "text", about: "host:port, in place of Google's own" },
    },
  },
} as const satisfies Readonly<Record<string, ConnectionType>>;

export type ConnectionTypeName = keyof typeof connectionTypes;
