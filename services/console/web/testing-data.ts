// What the stand-in of testing.ts knows: DAGs, runs and logs of a small carrier business.
import type {
  ApiDag,
  ApiLogLine,
  ApiRun,
  ApiServer,
  ApiTask,
  RunState,
  TaskState,
} from "../src/api.ts";

const now = Date.now();
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const ago = (ms: number): string => new Date(now - ms).toISOString();
export const dayOf = (daysAgo: number): string => ago(daysAgo * DAY).slice(0, 10);
const idOf = (n: number): string => `run-${String(n).padStart(2, "0")}j9m4k2p7q8r5s6t3v1w0x9y8`;
const trace = "0af7651916cd43dd8448eb211c80319c";

export const server: ApiServer = {
  version: "0.1.0",
  environment: "local",
  grpc: "127.0.0.1:8701",
  links: {
    trace: "http://127.0.0.1:8704/trace/{trace}",
    mail: "http://127.0.0.1:8702",
    slack: "http://127.0.0.1:8703",
  },
};

type Shape = Record<string, { readonly kind: string; readonly needs: readonly string[] }>;

const costs: Shape = {
  aggregate: { kind: "k8s.pod", needs: [] },
  mail: { kind: "report.email", needs: ["aggregate"] },
};
const failing: Shape = {
  "import-prices": { kind: "k8s.pod", needs: [] },
  publish: { kind: "k8s.pod", needs: ["import-prices"] },
};
const training: Shape = {
  "wait-for-export": { kind: "sensor.http", needs: [] },
  "features-orders": { kind: "k8s.pod", needs: ["wait-for-export"] },
  "features-carriers": { kind: "k8s.pod", needs: ["wait-for-export"] },
  "features-weather": { kind: "k8s.pod", needs: ["wait-for-export"] },
  "join-features": {
    kind: "k8s.pod",
    needs: ["features-carriers", "features-orders", "features-weather"],
  },
  train: { kind: "vertex.custom-job", needs: ["join-features"] },
  "train-baseline": { kind: "vertex.custom-job", needs: ["join-features"] },
  evaluate: { kind: "k8s.pod", needs: ["train", "train-baseline"] },
  publish: { kind: "k8s.pod", needs: ["evaluate"] },
  "tell-team": { kind: "noop", needs: ["evaluate", "wait-for-export"] },
};
const feed: Shape = {
  poll: { kind: "sensor.http", needs: [] },
  load: { kind: "k8s.pod", needs: ["poll"] },
};

const dag = (dagId: string, shape: Shape, init: Partial<ApiDag>): ApiDag => ({
  dagId,
  version: 3,
  fingerprint: "5f2a91c0",
  paused: false,
  pausedBy: "",
  pauseReason: "",
  appliedTime: ago(3 * DAY),
  owner: "logistics",
  description: "",
  tags: [],
  triggers: [],
  tasks: Object.entries(shape).map(([taskId, task]) => ({ taskId, ...task })),
  ...init,
});

export const dags: readonly ApiDag[] = [
  dag("carrier-daily-costs", costs, {
    description: "Mails each carrier the costs of its deliveries of the day.",
    schedule: {
      summary: "0 19 * * *",
      words: "at 19:00 every day, America/Bogota",
      timezone: "America/Bogota",
      catchup: "latest",
      overlap: "queue",
      nextTime: new Date(now + 3 * HOUR + 12 * MINUTE).toISOString(),
    },
    triggers: [
      {
        on: "logistics.routes.closed when event.data.country == 'CO'",
        key: "${run.date}",
        note: "",
      },
    ],
  }),
  dag("delay-model-training", training, {
    owner: "data",
    description:
      "Trains the model that predicts late deliveries, and publishes it when it is the better one.",
    version: 12,
    schedule: {
      summary: "30 2 * * 1",
      words: "at 02:30 on Monday, America/Bogota",
      timezone: "Europe/Madrid",
      catchup: "none",
      overlap: "skip",
      nextTime: new Date(now + 4 * DAY).toISOString(),
    },
    params: { type: "object", properties: { epochs: { type: "integer" } } },
  }),
  dag("example-failing", failing, {
    owner: "data",
    description: "Fails on purpose, to see what failing looks like.",
  }),
  dag("partner-feed", feed, {
    paused: true,
    pausedBy: "auto-pause",
    pauseReason: "its last 3 runs failed",
    description: "Loads the partner's feed as soon as it is there.",
    schedule: {
      summary: "*/15 * * * *",
      words: "every 15 minutes every day, UTC",
      timezone: "UTC",
      catchup: "none",
      overlap: "skip",
    },
  }),
];

const task = (
  shape: Shape,
  taskId: string,
  state: TaskState,
  init: Partial<ApiTask> = {},
): ApiTask => ({
  taskId,
  state,
  attempt: ["waiting", "skipped", "upstream_failed"].includes(state) ? 0 : 1,
  attemptsMax: 4,
  kind: shape[taskId]?.kind ?? "noop",
  reason: "",
  link: "",
  attemptId: ["waiting", "skipped", "upstream_failed"].includes(state)
    ? ""
    : `att-${taskId.slice(0, 4)}j9m4k2p7q8r5s6t3v1`,
  needs: shape[taskId]?.needs ?? [],
  ...init,
});
const took = (fromMs: number, toMs?: number): Partial<ApiTask> => ({
  assignedTime: ago(fromMs + 200),
  startedTime: ago(fromMs),
  ...(toMs === undefined ? {} : { endedTime: ago(toMs) }),
});

const run = (n: number, dagId: string, state: RunState, init: Partial<ApiRun>): ApiRun => ({
  runId: idOf(n),
  dagId,
  dagVersion: 3,
  state,
  key: dayOf(n),
  logicalTime: ago(n * HOUR),
  cause: { kind: "schedule", by: "schedule" },
  createdTime: ago(n * HOUR),
  startedTime: ago(n * HOUR),
  traceId: trace,
  version: 9,
  reason: "",
  ...init,
});

export const RUNNING = idOf(1);
export const MAILED = idOf(2);
export const FAILED = idOf(3);
/** Started by a task of the running one. */
export const CHILD = idOf(8);

const running = run(1, "delay-model-training", "running", {
  dagVersion: 12,
  key: ago(10 * MINUTE).slice(0, 16) + "Z",
  startedTime: ago(9 * MINUTE + 4_000),
  createdTime: ago(9 * MINUTE + 5_000),
  cause: { kind: "manual", by: "user:ana" },
  params: { epochs: 20 },
  tasks: [
    task(training, "wait-for-export", "succeeded", {
      kind: "dag.run",
      childRunId: CHILD,
      ...took(9 * MINUTE, 8.5 * MINUTE),
      output: { rows: 481_220 },
    }),
    task(training, "features-orders", "succeeded", took(8.4 * MINUTE, 6 * MINUTE)),
    task(training, "features-carriers", "succeeded", {
      ...took(7 * MINUTE, 6.2 * MINUTE),
      attempt: 2,
      failure: {
        class: "evicted",
        message: "The pod was evicted: the node was low on memory.",
        evidence: { node: "node-7", reason: "Evicted" },
        logTail: [],
        neverStarted: false,
        permanent: false,
      },
    }),
    task(training, "features-weather", "skipped", { reason: "when is false: params.weather" }),
    task(training, "join-features", "succeeded", took(6 * MINUTE, 5.1 * MINUTE)),
    task(training, "train", "running", took(5 * MINUTE)),
    task(training, "train-baseline", "retrying", {
      ...took(5 * MINUTE, 2 * MINUTE),
      retryTime: ago(-10 * MINUTE), // later than the last of the tests
      failure: {
        class: "quota",
        message: "us-central1 has no NVIDIA_L4 left for this project.",
        evidence: { code: 8, quota: "custom_model_training_nvidia_l4_gpus" },
        logTail: [],
        neverStarted: true,
        permanent: false,
      },
    }),
    task(training, "evaluate", "waiting"),
    task(training, "publish", "waiting"),
    task(training, "tell-team", "waiting"),
  ],
});

const mailed = run(2, "carrier-daily-costs", "succeeded", {
  key: dayOf(0),
  cause: { kind: "trigger", by: "logistics routes-2026-11-22" },
  event: { country: "CO", routes: 312 },
  settledTime: ago(2 * HOUR - 9_400),
  tasks: [
    task(costs, "aggregate", "succeeded", {
      ...took(2 * HOUR - 300, 2 * HOUR - 4_100),
      output: { carriers: 10, deliveries: 412, total_cents: 1_284_390 },
      link: "pod chasqui/att-aggrj9m4k2p7q8r5s6t3v1",
    }),
    task(costs, "mail", "succeeded", {
      ...took(2 * HOUR - 4_300, 2 * HOUR - 9_300),
      output: { sent: 10, left_out: 2 },
    }),
  ],
});

const failed = run(3, "example-failing", "failed", {
  key: `manual-${dayOf(0)}`,
  cause: { kind: "manual", by: "anonymous" },
  settledTime: ago(3 * HOUR - 7_800),
  reason: "task import-prices failed: code: exit code 3",
  tasks: [
    task(failing, "import-prices", "failed", {
      ...took(3 * HOUR - 4_000, 3 * HOUR - 7_700),
      attempt: 2,
      attemptsMax: 2,
      link: "pod chasqui/att-impoj9m4k2p7q8r5s6t3v1",
      failure: {
        class: "code",
        message: 'exit code 3: prices.csv:14: "12,9O" is not a number',
        evidence: { exit_code: 3, container: "main", node: "local", started: "3.1 s" },
        logTail: [
          "reading prices.csv",
          "13 prices read",
          'prices.csv:14: "12,9O" is not a number',
          "giving up",
        ],
        neverStarted: false,
        permanent: false,
      },
    }),
    task(failing, "publish", "upstream_failed", { reason: "import-prices failed" }),
  ],
});

const startedByTraining: Partial<ApiRun> = {
  cause: { kind: "parent", by: "delay-model-training/wait-for-export" },
  parent: {
    runId: RUNNING,
    dagId: "delay-model-training",
    taskId: "wait-for-export",
    attempt: 1,
  },
};

const older = Array.from({ length: 14 }, (_, index) => {
  const n = index + 4;
  const dagId = ["carrier-daily-costs", "partner-feed", "delay-model-training"][index % 3] ?? "";
  const state: RunState = n % 7 === 0 ? "failed" : n % 5 === 0 ? "cancelled" : "succeeded";
  return run(n, dagId, state, {
    startedTime: ago(n * 7 * HOUR),
    createdTime: ago(n * 7 * HOUR),
    settledTime: ago(n * 7 * HOUR - n * 8_300),
    reason:
      state === "failed" ? "task load failed: timeout: the attempt took longer than 30 m" : "",
    tasks: [],
    ...(idOf(n) === CHILD ? startedByTraining : {}),
  });
});

export const runs: readonly ApiRun[] = [running, mailed, failed, ...older];

const lines = (texts: readonly string[], startMs: number): ApiLogLine[] =>
  texts.map((text, index) => ({ counter: index + 1, time: ago(startMs - index * 220), text }));

export const logs: Readonly<Record<string, readonly ApiLogLine[]>> = {
  [`${RUNNING}/train`]: lines(
    [
      "loading features: 481220 rows, 64 columns",
      ...Array.from(
        { length: 18 },
        (_, epoch) =>
          `epoch ${epoch + 1}/20  loss ${(0.92 * 0.93 ** epoch).toFixed(4)}  auc ${(0.71 + 0.009 * epoch).toFixed(3)}`,
      ),
    ],
    5 * MINUTE,
  ),
  [`${MAILED}/aggregate`]: lines(
    [
      "day 2026-11-22",
      "412 deliveries of 12 carriers",
      "2 carriers without routes: Andina Express, Ruta Sur",
      "wrote 10 sums",
    ],
    2 * HOUR,
  ),
  [`${FAILED}/import-prices`]: [
    ...lines(["reading prices.csv", "13 prices read"], 3 * HOUR),
    { counter: 0, text: "lines 3 to 5 are missing" },
    {
      counter: 6,
      time: ago(3 * HOUR - 2_000),
      text: '\u001b[31mprices.csv:14: "12,9O" is not a number\u001b[0m',
    },
    { counter: 7, time: ago(3 * HOUR - 2_010), text: "giving up" },
  ],
};
