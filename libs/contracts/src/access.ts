// Who may say what on the bus. Each service has its own user with just its subjects: a stolen password of a
// runner starts no run, and no environment reaches another, because each is an account of its own.
// docs/topology.md and the accounts of every nats-server (laptop, tests, production) come from here.
// Facts that a reader may rely on:
//   A1. A user publishes to and subscribes to what is listed here and nothing else; the server enforces it.
//   A2. A user that reads a durable may ask for it, acknowledge it and create it again with the filter it has
//       in the topology (the filter is a part of the subject), but never delete, alter or read another's.
//   A3. Replies go to the user's own inbox `_INBOX_<user>.>`; nobody else may subscribe there.
import { connectionTypes } from "./connection-types.ts";
import { consumersOf, kindToken, kindsOf, streams, subjects, token } from "./topology.ts";
import type { buckets, ConsumerSpec, Installation, StreamName } from "./topology.ts";

export interface BusUser {
  readonly name: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Subjects of the server's own API, written once: libs/bus asks there, and permissions name them. */
export const jetStreamSubjects = {
  accountInfo: "$JS.API.INFO",
  streamInfo: (stream: string): string => `$JS.API.STREAM.INFO.${stream}`,
  streamCreate: (stream: string): string => `$JS.API.STREAM.CREATE.${stream}`,
  streamUpdate: (stream: string): string => `$JS.API.STREAM.UPDATE.${stream}`,
  messageGet: (stream: string): string => `$JS.API.STREAM.MSG.GET.${stream}`,
  lastOfSubject: (stream: string, subject: string): string =>
    `$JS.API.DIRECT.GET.${stream}.${subject}`,
  consumerNames: (stream: string): string => `$JS.API.CONSUMER.NAMES.${stream}`,
  consumerInfo: (stream: string, durable: string): string =>
    `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
  /** Creates or updates a durable; server 2.9 checks that the configuration has this very filter. */
  consumerCreate: (stream: string, durable: string, filter: string): string =>
    `$JS.API.CONSUMER.CREATE.${stream}.${durable}.${filter}`,
  /** Creates a consumer without a name: it ends with its reader and cannot be one of the durables. */
  ephemeralCreate: (stream: string): string => `$JS.API.CONSUMER.CREATE.${stream}`,
  next: (stream: string, durable: string): string =>
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
  flowControl: (stream: string): string => `$JS.FC.${stream}.>`,
};

/** The stream below a key-value bucket, and the subject of a key. */
export const bucketStream = (bucket: keyof typeof buckets): string => `KV_${bucket}`;
export const bucketSubject = (bucket: keyof typeof buckets, key: string): string =>
  `$KV.${bucket}.${key}`;

/** Where replies to this user go. */
export const inboxPrefixOf = (user: string): string => `_INBOX_${token(user)}`;

/** The bus user of a trigger source. */
export const sourceUser = (source: string): string => `source-${token(source)}`;

/** The user that may do everything within its account: `chasqui admin …`. */
export const ADMIN_USER = "admin";

const KINDS_STREAM = bucketStream("CHASQUI_KINDS");

function readsDurable(durable: string, spec: ConsumerSpec): string[] {
  return [
    jetStreamSubjects.next(spec.stream, durable),
    jetStreamSubjects.consumerInfo(spec.stream, durable),
    jetStreamSubjects.consumerCreate(spec.stream, durable, spec.filter),
    `$JS.ACK.${spec.stream}.${durable}.>`,
    `$JS.ACK.*.*.${spec.stream}.${durable}.>`, // the longer form of later servers: domain and account first
    subjects.dead(durable),
  ];
}

const looksAtStreams = [jetStreamSubjects.accountInfo, jetStreamSubjects.streamInfo("*")];

/** Reading a stream with a consumer that ends with its reader. */
const readsStream = (stream: StreamName): string[] => [
  jetStreamSubjects.ephemeralCreate(stream),
  jetStreamSubjects.flowControl(stream),
];

const readsKinds = [
  jetStreamSubjects.lastOfSubject(KINDS_STREAM, bucketSubject("CHASQUI_KINDS", "*")),
];

/** Resolves connections, so it can test them and answer the console. */
const testsConnections = (name: string): Pick<BusUser, "publish" | "subscribe"> => ({
  publish: [subjects.connectionAnswers()],
  subscribe: [subjects.connectionTest(name)],
});

const runsKinds = (kinds: readonly string[]): Pick<BusUser, "publish" | "subscribe"> => ({
  publish: [
    "chasqui.inbox.*.update.*",
    "chasqui.log.*.*.*",
    ...kinds.map((kind) => subjects.inventory(kind)),
    ...kinds.map((kind) =>
      jetStreamSubjects.lastOfSubject("CHASQUI_TASKS", subjects.tasksOfKind(kind)),
    ),
    ...kinds.map((kind) => bucketSubject("CHASQUI_KINDS", kindToken(kind))),
  ],
  subscribe: kinds.map((kind) => subjects.cancelsOfKind(kind)),
});

/** What each service does besides reading its durables and running its kinds. */
const services: Readonly<Record<string, Pick<BusUser, "publish" | "subscribe">>> = {
  scheduler: {
    publish: ["chasqui.inbox.*.dag.*", ...readsStream("CHASQUI_EVENTS")],
    subscribe: [],
  },
  "state-machine": {
    publish: [
      "chasqui.inbox.*.*.*",
      "chasqui.task.*.*",
      "chasqui.event.*.*.*",
      "chasqui.cancel.*.*",
      `${inboxPrefixOf("state-machine")}.>`, // the replica that decided answers the one that was asked
      `${inboxPrefixOf("scheduler")}.>`, // the verdict on a StartRun
      ...readsKinds,
      // It is always there, so it is the one that recreates streams when the whole store is lost.
      ...Object.keys(streams).map((stream) => jetStreamSubjects.streamCreate(stream)),
      jetStreamSubjects.streamCreate(KINDS_STREAM),
    ],
    subscribe: [subjects.inventories(), "chasqui.event.>"],
  },
  "k8s-runner": { publish: [], subscribe: [] },
  "vertex-runner": { publish: [], subscribe: [] },
  "sensor-runner": {
    publish: [jetStreamSubjects.messageGet("CHASQUI_TRIGGERS")],
    subscribe: ["chasqui.trigger.>", "chasqui.event.>"],
  },
  "report-mailer": { publish: [], subscribe: [] },
  "alert-notifier": { publish: readsStream("CHASQUI_LOGS"), subscribe: [] },
  console: {
    publish: [
      ...readsStream("CHASQUI_LOGS"),
      ...readsStream("CHASQUI_EVENTS"),
      ...readsKinds,
      subjects.connectionTests(),
    ],
    subscribe: ["chasqui.event.>", "chasqui.log.>", subjects.connectionAnswers()],
  },
};

/** Chasqui's own events are known to triggers by sources that begin with it. */
const OWN_SOURCE = "chasqui";

function sourceSubjects(source: string): string {
  if (source === OWN_SOURCE)
    throw new Error(`source ${JSON.stringify(source)}: the name is Chasqui's own: want another`);
  return `chasqui.trigger.${token(source)}.>`;
}

const NOTHING: Pick<BusUser, "publish" | "subscribe"> = { publish: [], subscribe: [] };

/** Services that resolve connections of some type; every custom runner may. */
const CONNECTION_USERS: ReadonlySet<string> = new Set(
  Object.values(connectionTypes).flatMap(({ usedBy }) => [...usedBy]),
);

function sourceOf(source: string): BusUser {
  const name = sourceUser(source);
  return {
    name,
    publish: [sourceSubjects(source)],
    subscribe: [`${inboxPrefixOf(name)}.>`],
  };
}

/** Every bus user of an installation but the admin: one per service, custom runner and trigger source. */
export function usersOf(installation: Installation): BusUser[] {
  const durables = Object.entries(consumersOf(installation));
  const kinds = Object.entries(kindsOf(installation));
  const names = [...Object.keys(services), ...Object.keys(installation.runners)];
  const webhooks = webhooksOf(installation);
  const users = names.map((name): BusUser => {
    const own = services[name] ?? NOTHING;
    const ownKinds = kinds.filter(([, owner]) => owner === name).map(([kind]) => kind);
    const runs = ownKinds.length > 0 ? runsKinds(ownKinds) : NOTHING;
    const isUser = CONNECTION_USERS.has(name) || (!(name in services) && ownKinds.length > 0);
    const tests = isUser ? testsConnections(name) : NOTHING;
    const reads = durables
      .filter(([, spec]) => spec.owner === name)
      .flatMap(([durable, spec]) => readsDurable(durable, spec));
    return {
      name,
      publish: [
        ...own.publish,
        ...(name === "console" ? webhooks : []),
        ...runs.publish,
        ...tests.publish,
        ...reads,
        ...looksAtStreams,
      ],
      subscribe: [
        `${inboxPrefixOf(name)}.>`,
        ...own.subscribe,
        ...runs.subscribe,
        ...tests.subscribe,
      ],
    };
  });
  const all = [...users, ...installation.sources.map(sourceOf)];
  const seen = new Set<string>([ADMIN_USER, "sys"]);
  for (const { name } of all) {
    if (seen.has(name))
      throw new Error(
        `bus user ${JSON.stringify(name)}: the name is taken by a service, a runner or a source: want another`,
      );
    seen.add(name);
  }
  return all;
}

/** What the console may publish, for those who only know HTTP. */
function webhooksOf({ webhooks = [], sources }: Installation): string[] {
  const twice = webhooks.find((webhook) => sources.includes(webhook));
  if (twice !== undefined)
    throw new Error(
      `webhook ${JSON.stringify(twice)}: a source has this name: want another, for each is a source of its own`,
    );
  return webhooks.map(sourceSubjects);
}

export interface AccountsOptions {
  /** One account per environment, for example CHASQUI_PROD. */
  readonly account: string;
  readonly users: readonly BusUser[];
  /** Other accounts, with the sources that they may publish. */
  readonly accounts?: Installation["accounts"];
  /** By user name; plain, or a bcrypt hash (`$2a$…`) where the file is kept. */
  readonly passwords: Readonly<Record<string, string>>;
  readonly adminPassword: string;
}

/** Beside the generated file, written by ops: the accounts that import a source. */
export const OTHER_ACCOUNTS_FILE = "other-accounts.conf";

/** A service, not a stream: so JetStream's acknowledgement finds its way back to the publisher. */
function exportsTo({ account: own, accounts = {} }: AccountsOptions): string {
  const lines = Object.entries(accounts).flatMap(([account, sources]) => {
    if (account === own) throw new Error(`account ${account}: it is our own: want another`);
    return sources.map(
      (source) =>
        `\n      { service: "${sourceSubjects(source)}", accounts: ["${token(account)}"] }`,
    );
  });
  return lines.length === 0 ? "" : `\n    exports: [${lines.join("")}\n    ]`;
}

/** The accounts part of a nats-server configuration. */
export function renderAccounts(options: AccountsOptions): string {
  const { account, users, passwords, adminPassword } = options;
  const login = (name: string, password: string | undefined): string => {
    if (password === undefined || !/^[^"\\\p{Cc}]+$/u.test(password))
      throw new Error(
        `password of bus user ${JSON.stringify(name)}: ${password === undefined ? "missing" : "not usable"}: ` +
          "want one or more characters without quotes, backslashes and control characters",
      );
    return `user: "${token(name)}", password: "${password}"`;
  };
  const list = (patterns: readonly string[]): string =>
    patterns.map((pattern) => `\n            "${pattern}"`).join("");
  const rendered = users.map(
    (user) => `      {
        ${login(user.name, passwords[user.name])}
        permissions: {
          publish: { allow: [${list(user.publish)}
          ] }
          subscribe: { allow: [${list(user.subscribe)}
          ] }
        }
      }`,
  );
  const exported = exportsTo(options);
  const others = exported === "" ? "" : `\n  include ./${OTHER_ACCOUNTS_FILE}`;
  return `accounts {${others}
  ${token(account)} {
    jetstream: enabled${exported}
    users: [
      { ${login(ADMIN_USER, adminPassword)} }
${rendered.join("\n")}
    ]
  }
  SYS {}
}
system_account: SYS
`;
}
