// docs/topology.md: the topology and the bus users, for people.
import {
  buckets,
  bucketSubject,
  consumersOf,
  eventWhats,
  kindsOf,
  PARTITIONS,
  streams,
  subjects,
  usersOf,
  type BusUser,
  type Installation,
  type StreamSpec,
} from "../../libs/contracts/src/index.ts";

/** What an installation adds is shown by one example of each. */
const EXAMPLE: Installation = {
  sources: ["example"],
  runners: { "example-runner": ["example.kind"] },
};
const EXAMPLE_KIND = "example.kind";

const DAY_MS = 86_400_000;
const MIB = 1024 * 1024;

const code = (text: string): string => `\`${text}\``;
const list = (items: readonly string[]): string => items.map(code).join(", ");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function streamRow(name: string, spec: StreamSpec): string[] {
  const { retention, maxAgeMs, maxBytes, onePerSubject, discard, purpose } = spec;
  const keeps = [
    retention === "workqueue" ? "work queue" : "limits",
    maxAgeMs > 0 ? `${maxAgeMs / DAY_MS} days` : "until handled",
    `${maxBytes / MIB} MiB`,
    ...(onePerSubject ? ["one message per subject"] : []),
    discard === "new" ? "full: refuses" : "full: drops the oldest",
  ];
  return [code(name), list(spec.subjects), keeps.join(", "), purpose];
}

/** Every kind of subject, as people write it, with real subjects of it. */
const subjectKinds: readonly (readonly [shown: string, ...samples: string[]])[] = [
  ["chasqui.trigger.<source>.<name…>", subjects.trigger("example.routes.closed")],
  ["chasqui.inbox.<partition>.dag.<dag>", subjects.inbox("dag", "dag")],
  ["chasqui.inbox.<partition>.run.<run>", subjects.inbox("run", "run")],
  ["chasqui.inbox.<partition>.update.<run>", subjects.inbox("update", "run")],
  [
    "chasqui.inbox.<partition>.<what>.bundle+",
    subjects.bundle(subjects.inbox("dag", "dag")),
    subjects.bundle(subjects.inbox("update", "run")),
  ],
  ["chasqui.task.<kind>.<attempt>", subjects.task(EXAMPLE_KIND, "attempt")],
  [
    "chasqui.event.<what>.<dag>.<run>",
    ...eventWhats.map((what) => subjects.event(what, "dag", "run")),
  ],
  ["chasqui.log.<run>.<task>.<attempt>", subjects.log("run", "task", "attempt")],
  ["chasqui.cancel.<kind>.<attempt>", subjects.cancel(EXAMPLE_KIND, "attempt")],
  ["chasqui.inventory.<kind>", subjects.inventory(EXAMPLE_KIND)],
  ["chasqui.connection.<service>.test", subjects.connectionTest("report-mailer")],
  ["chasqui.connection-answer.<question>", subjects.connectionAnswer("question")],
  ["$KV.CHASQUI_KINDS.<kind>", bucketSubject("CHASQUI_KINDS", "example_kind")],
];

export function covers(pattern: string, subject: string): boolean {
  const [want, is] = [pattern.split("."), subject.split(".")];
  for (const [index, token] of want.entries()) {
    if (token === ">") return is.length > index;
    if (token !== "*" && token !== is[index]) return false;
  }
  return want.length === is.length;
}

/** Whoever may say a subject of the example's kind stands for those who may say it of theirs. */
function inCell(names: readonly string[], samples: readonly string[]): string {
  const isOfKind = samples.some((sample) => sample.split(".").includes("example_kind"));
  const shown = names.map((name) =>
    isOfKind && name === "example-runner" ? "the runner of the kind" : code(name),
  );
  return [...new Set(shown)].join(", ");
}

function subjectRows(users: readonly BusUser[]): string[][] {
  const consumers = Object.values(consumersOf(EXAMPLE));
  return subjectKinds.map(([shown, ...samples]) => {
    const some = (covered: (sample: string) => boolean): boolean => samples.some(covered);
    const says = users.filter(({ publish }) => some((it) => publish.some((p) => covers(p, it))));
    const reads = consumers.filter(({ filter }) => some((it) => covers(filter, it)));
    const hears = users.filter(
      ({ publish, subscribe }) =>
        some((it) => subscribe.some((pattern) => covers(pattern, it))) ||
        some((it) => publish.some((permission) => readsAsStream(permission, it))),
    );
    return [
      code(shown),
      inCell(says.map(nameOf), samples),
      inCell([...reads.map(({ owner }) => owner), ...hears.map(nameOf)], samples),
    ];
  });
}

const nameOf = ({ name }: BusUser): string => name;

/** A permission to read the stream or the bucket of this subject with a consumer of one's own, or key by key. */
function readsAsStream(permission: string, sample: string): boolean {
  if (permission.includes(".DIRECT.GET."))
    return covers(permission.split(".").slice(5).join("."), sample);
  const stream = /^\$JS\.API\.CONSUMER\.CREATE\.([A-Z_]+)$/.exec(permission)?.[1];
  const spec = Object.entries(streams).find(([name]) => name === stream)?.[1];
  return spec?.subjects.some((pattern) => covers(pattern, sample)) ?? false;
}

const intro = `<!-- Generated from libs/contracts by \`npm run generate\`. Do not edit. -->

# Topology

Everything that has a name on the bus: one table each for streams, consumers, subjects and users.
\`chasqui admin topology\` creates it on a nats-server (2.9 or later); services check it when they start, refuse
streams with other subjects or another retention, and make what is missing as far as their user may. Replicas, bytes and placement belong to ops: they are set once and
never touched again.

The kind \`example.kind\`, its runner \`example-runner\` and the source \`example\` stand for what an installation adds in
\`environments/<environment>.yaml\`.`;

function consumerRows(): string[][] {
  return Object.entries(consumersOf(EXAMPLE)).map(([durable, spec]) => [
    code(durable),
    code(spec.stream),
    code(spec.filter),
    code(spec.owner),
    `${spec.ackWaitMs / 1000} s`,
    String(spec.ackPendingMax),
    String(spec.deliveriesMax),
  ]);
}

export function topologyPage(): string {
  const users = usersOf(EXAMPLE);
  const sections = [
    intro,
    "## Streams",
    table(
      ["stream", "subjects", "keeps", "holds"],
      Object.entries(streams).map(([name, spec]) => streamRow(name, spec)),
    ),
    `Key-value buckets: ${Object.entries(buckets)
      .map(([name, { purpose }]) => `${code(name)} (${purpose})`)
      .join(", ")}.`,
    "## Consumers",
    `Durable, pulled, acknowledged one by one. The inbox has ${PARTITIONS} partitions, one consumer each; the partition
is a hash of the id of the run or DAG. A message that fails alone is given up after the last column's failures and
moved to \`chasqui.dead.<consumer>\` with the reason.`,
    table(
      [
        "consumer",
        "stream",
        "filter",
        "read by",
        "ack-wait",
        "pending at most",
        "failures at most",
      ],
      consumerRows(),
    ),
    "## Subjects",
    table(["subject", "published by", "read by"], subjectRows(users)),
    `Cancels and inventories are plain messages, without a stream. \`chasqui.dead.<consumer>\` is published by the
owner of the consumer; dead letters are read and redriven by the admin. On the wire the kind \`k8s.pod\` is the token
\`k8s_pod\`. The kinds are ${Object.entries(kindsOf(EXAMPLE))
      .map(([kind, owner]) => `${code(kind)} (${code(owner)})`)
      .join(
        ", ",
      )}; ${code("noop")}, ${code("approval")} and ${code("dag.run")} are decided by the state machine itself.`,
    "## Users",
    `Each environment is an account of its own, so that no user of one reaches another. Replies come to
\`_INBOX_<user>.>\`: clients set this inbox prefix. Besides these there is \`admin\`, who may do everything within the
account.`,
    ...users.map(
      (user) =>
        `### ${user.name}\n\n${table(
          ["may publish to", "may subscribe to"],
          Array.from({ length: Math.max(user.publish.length, user.subscribe.length) }, (_, row) =>
            [user.publish[row], user.subscribe[row]].map((it) =>
              it === undefined ? "" : code(it),
            ),
          ),
        )}`,
    ),
  ];
  return `${sections.join("\n\n")}\n`;
}
