// Who says what to whom. The only place where a subject, a stream, a consumer or a bus user has a name.
// docs/topology.md is generated from this file; `chasqui admin topology` creates what it lists.
// Facts that a reader may rely on:
//   T1. Every durable has one filter (nats-server 2.9 knows no more), and durables of a work queue never overlap.
//   T2. The partition of a message depends on the id of its aggregate alone, and there are 8 for ever.
//   T3. A subject token holds one id, one kind or one word; nothing on the wire is spelled elsewhere.

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const MIB = 1024 * 1024;

/** INBOX partitions. Fixed for ever: the hash of a run's id must always find the same one. */
export const PARTITIONS = 8;

export interface StreamSpec {
  readonly subjects: readonly string[];
  readonly retention: "limits" | "workqueue";
  readonly maxAgeMs: number;
  /** A default; ops may set another. */
  readonly maxBytes: number;
  /** One message per subject at a time: a second copy is refused while the first is queued or held. */
  readonly onePerSubject?: true;
  /** Whoever may do so asks for the message of a subject, without a consumer. */
  readonly readBySubject?: true;
  readonly discard: "old" | "new";
  readonly duplicateWindowMs: number;
  readonly purpose: string;
}

export const streams = {
  CHASQUI_TRIGGERS: {
    subjects: ["chasqui.trigger.>"],
    retention: "limits",
    maxAgeMs: 7 * DAY_MS,
    maxBytes: 256 * MIB,
    discard: "old",
    duplicateWindowMs: 2 * MINUTE_MS,
    purpose: "what other services say happened; starts runs",
  },
  CHASQUI_INBOX: {
    subjects: ["chasqui.inbox.>"],
    retention: "workqueue",
    maxAgeMs: 0,
    maxBytes: 1024 * MIB,
    discard: "new",
    duplicateWindowMs: 2 * MINUTE_MS,
    purpose: "every cause of every decision of the state machine",
  },
  CHASQUI_TASKS: {
    subjects: ["chasqui.task.>"],
    retention: "workqueue",
    maxAgeMs: 0,
    maxBytes: 1024 * MIB,
    onePerSubject: true,
    readBySubject: true,
    discard: "new",
    duplicateWindowMs: 2 * MINUTE_MS,
    purpose: "attempts for the runners of a kind",
  },
  CHASQUI_EVENTS: {
    subjects: ["chasqui.event.>"],
    retention: "limits",
    maxAgeMs: 30 * DAY_MS,
    maxBytes: 2048 * MIB,
    discard: "old",
    duplicateWindowMs: 2 * MINUTE_MS,
    purpose: "what the state machine decided, for everyone",
  },
  CHASQUI_LOGS: {
    subjects: ["chasqui.log.>"],
    retention: "limits",
    maxAgeMs: 7 * DAY_MS,
    maxBytes: 1024 * MIB,
    discard: "old",
    duplicateWindowMs: 2 * MINUTE_MS,
    purpose: "log lines of attempts",
  },
  CHASQUI_DEAD: {
    subjects: ["chasqui.dead.>"],
    retention: "limits",
    maxAgeMs: 90 * DAY_MS,
    maxBytes: 256 * MIB,
    discard: "old",
    duplicateWindowMs: 2 * MINUTE_MS,
    purpose: "messages that failed for their own fault, with the reason; can be redriven",
  },
} as const satisfies Record<string, StreamSpec>;

export type StreamName = keyof typeof streams;

/** Key-value buckets. */
export const buckets = {
  CHASQUI_KINDS: { purpose: "task kinds that runners announce, with the schema of `with`" },
} as const;

export interface ConsumerSpec {
  readonly stream: StreamName;
  readonly filter: string;
  readonly owner: string;
  readonly ackWaitMs: number;
  readonly ackPendingMax: number;
  /** Deliveries after which libs/bus gives up on a message that fails by itself. */
  readonly deliveriesMax: number;
}

/** The words of chasqui.event.<what>. */
export const eventWhats = [
  "run-started",
  "run-progressed",
  "run-settled",
  "task-failed",
  "task-retrying",
  "task-recovered",
  "asset-produced",
  "approval-asked",
  "approval-closed",
  "dag-applied",
  "dag-auto-paused",
] as const;
export type EventWhat = (typeof eventWhats)[number];

/** The words of chasqui.inbox.<partition>.<what>. */
export type InboxWhat = "dag" | "run" | "update" | "pool";

/** `k8s.pod` on the wire: one token. */
export function kindToken(kind: string): string {
  return token(kind.replaceAll(".", "_"));
}

/** Kinds that come with Chasqui and the service that runs each. The state machine decides `noop` itself. */
export const builtInKinds = {
  "k8s.pod": "k8s-runner",
  "vertex.custom-job": "vertex-runner",
  "sensor.time": "sensor-runner",
  "sensor.http": "sensor-runner",
  "sensor.sql": "sensor-runner",
  "sensor.object": "sensor-runner",
  "sensor.event": "sensor-runner",
  "sensor.dag": "sensor-runner",
  "sensor.k8s": "sensor-runner",
  "report.email": "report-mailer",
} as const;

/** What one installation adds: sources of triggers and runners of its own. */
export interface Installation {
  /** Trigger sources; each gets a bus user that may publish below chasqui.trigger.<source> only. */
  readonly sources: readonly string[];
  /** Accounts of the same servers, with the sources that they publish: they need no login in ours. */
  readonly accounts?: Readonly<Record<string, readonly string[]>>;
  /** Webhooks: sources that the console publishes for. */
  readonly webhooks?: readonly string[];
  /** Custom runners by name, with the kinds they run. */
  readonly runners: Readonly<Record<string, readonly string[]>>;
}

const eventConsumer = (owner: string, what: EventWhat): [string, ConsumerSpec] => [
  `${owner}-${what}`,
  {
    stream: "CHASQUI_EVENTS",
    filter: `chasqui.event.${what}.>`,
    owner,
    ackWaitMs: 30_000,
    ackPendingMax: 1_000,
    deliveriesMax: 50,
  },
];

/** Every durable consumer of an installation, by name. */
export function consumersOf(installation: Installation): Record<string, ConsumerSpec> {
  const inbox = Array.from({ length: PARTITIONS }, (_, p): [string, ConsumerSpec] => [
    inboxDurable(p),
    {
      stream: "CHASQUI_INBOX",
      filter: `chasqui.inbox.${p}.>`,
      owner: "state-machine",
      ackWaitMs: 30_000,
      ackPendingMax: 20_000,
      deliveriesMax: 20,
    },
  ]);
  const kinds = Object.entries(kindsOf(installation)).map(
    ([kind, owner]): [string, ConsumerSpec] => [
      kindDurable(kind),
      {
        stream: "CHASQUI_TASKS",
        filter: subjects.tasksOfKind(kind),
        owner,
        ackWaitMs: 30_000,
        ackPendingMax: 20_000,
        deliveriesMax: 20,
      },
    ],
  );
  return Object.fromEntries([
    ...inbox,
    ...kinds,
    [
      "scheduler-triggers",
      {
        stream: "CHASQUI_TRIGGERS",
        filter: "chasqui.trigger.>",
        owner: "scheduler",
        ackWaitMs: 30_000,
        ackPendingMax: 2_000,
        deliveriesMax: 20,
      },
    ],
    eventConsumer("scheduler", "dag-applied"),
    eventConsumer("scheduler", "run-settled"),
    eventConsumer("scheduler", "asset-produced"),
    eventConsumer("alert-notifier", "task-failed"),
    eventConsumer("alert-notifier", "task-retrying"),
    eventConsumer("alert-notifier", "task-recovered"),
    eventConsumer("alert-notifier", "run-settled"),
    eventConsumer("alert-notifier", "dag-auto-paused"),
    eventConsumer("alert-notifier", "approval-asked"),
    eventConsumer("alert-notifier", "approval-closed"),
  ] satisfies [string, ConsumerSpec][]);
}

/** Every kind of an installation, with the bus user that runs it. */
export function kindsOf(installation: Installation): Record<string, string> {
  const custom = Object.entries(installation.runners).flatMap(([owner, kinds]) =>
    kinds.map((kind) => [kind, owner] as const),
  );
  return { ...builtInKinds, ...Object.fromEntries(custom) };
}

export const inboxDurable = (partition: number): string => `state-machine-${partition}`;
export const kindDurable = (kind: string): string => `kind-${kindToken(kind)}`;

/** FNV-1a over UTF-16 units, modulo 8. Never change it: T2. */
export function partitionOf(aggregateId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < aggregateId.length; i++)
    hash = Math.imul(hash ^ aggregateId.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % PARTITIONS;
}

const BUNDLE = "bundle+"; // no token, so no aggregate is called that

/** Subjects. Callers never write a subject by hand. */
export const subjects = {
  trigger: (path: string): string => `chasqui.trigger.${path.split(".").map(token).join(".")}`,
  inbox: (what: InboxWhat, aggregateId: string): string =>
    `chasqui.inbox.${partitionOf(aggregateId)}.${what}.${token(aggregateId)}`,
  /** Where messages of the INBOX travel as one: beside the first of them, under a name that no aggregate has. */
  bundle: (first: string): string => `${first.slice(0, first.lastIndexOf("."))}.${BUNDLE}`,
  isBundle: (subject: string): boolean => subject.endsWith(`.${BUNDLE}`),
  task: (kind: string, attemptId: string): string =>
    `chasqui.task.${kindToken(kind)}.${token(attemptId)}`,
  tasksOfKind: (kind: string): string => `chasqui.task.${kindToken(kind)}.*`,
  event: (what: EventWhat, dagId: string, key: string): string =>
    `chasqui.event.${what}.${token(dagId)}.${token(key)}`,
  /** Every event with this word, of one DAG or of all. */
  eventsOf: (what: EventWhat, dagId?: string): string =>
    `chasqui.event.${what}.${dagId === undefined ? ">" : `${token(dagId)}.*`}`,
  /** Every event of one run, for a plain subscription. */
  eventsOfRun: (dagId: string, runId: string): string =>
    `chasqui.event.*.${token(dagId)}.${token(runId)}`,
  /** Of all runs of a DAG: one sort of event, or every one. */
  eventsOfDag: (what: EventWhat | "*", dagId: string): string =>
    `chasqui.event.${what}.${token(dagId)}.*`,
  log: (runId: string, taskId: string, attemptId: string): string =>
    `chasqui.log.${token(runId)}.${token(taskId)}.${token(attemptId)}`,
  logsOfTask: (runId: string, taskId: string): string =>
    `chasqui.log.${token(runId)}.${token(taskId)}.*`,
  dead: (consumer: string): string => `chasqui.dead.${token(consumer)}`,
  cancel: (kind: string, attemptId: string): string =>
    `chasqui.cancel.${kindToken(kind)}.${token(attemptId)}`,
  cancelsOfKind: (kind: string): string => `chasqui.cancel.${kindToken(kind)}.*`,
  inventory: (kind: string): string => `chasqui.inventory.${kindToken(kind)}`,
  inventories: (): string => "chasqui.inventory.*",
  /** Asked of a service: does a connection work from there? */
  connectionTest: (service: string): string => `chasqui.connection.${token(service)}.test`,
  connectionTests: (): string => "chasqui.connection.*.test",
  /** Where one answer goes: a place of its own, so that nobody's inbox is opened to those who answer. */
  connectionAnswer: (question: string): string => `chasqui.connection-answer.${token(question)}`,
  connectionAnswers: (): string => "chasqui.connection-answer.*",
};

/** One subject token; anything else is a programming error or an attack, and is refused. */
export function token(text: string): string {
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(text))
    throw new TypeError(
      `not a subject token: ${JSON.stringify(text)}: want 1 to 128 letters, digits, "_" or "-"`,
    );
  return text;
}
