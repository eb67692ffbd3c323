// For integration tests of runners: a real nats-server with the real users' permissions, and a state machine of a few
// lines that assigns, cancels, answers claims and remembers what runners say.
//   await using t = await startWorld();
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { connectBus } from "@chasqui/bus";
import type { Bus } from "@chasqui/bus";
import { RpcCode, RpcError, createGrpcClient, implementation, serveGrpc } from "@chasqui/chassis";
import {
  AssignmentSchema,
  AttemptState,
  CancelAttemptSchema,
  InboxMessageSchema,
  LogBatchSchema,
  RunService,
  renderAccounts,
  subjects,
  usersOf,
} from "@chasqui/contracts";
import type { AttemptUpdate, ClaimAttemptRequest, LogBatch } from "@chasqui/contracts";
import { readInbox, TestNats } from "../../../../tests/support/index.ts";
import type { Claims } from "../ports.ts";
import { refOf } from "./memory-bus.ts";

const installation = { sources: [], runners: { "bench-runner": ["bench.noop"] } };

export interface Assigned {
  readonly kind: string;
  readonly config?: unknown;
  readonly taskId?: string;
  readonly attempt?: number;
  readonly timeoutMs?: number;
  readonly traceparent?: string;
}

export interface World extends AsyncDisposable {
  readonly nats: TestNats;
  /** As the state machine. */
  readonly bus: Bus;
  readonly claims: Claims;
  readonly stateMachine: string;
  passwordOf(user: string): string;
  busOf(user: string): Promise<Bus>;
  /** Done at the end, before the buses that are open by now are drained. */
  defer(end: () => Promise<unknown>): void;
  /** Answers claims. */
  wanted: (claim: ClaimAttemptRequest) => boolean;
  readonly claimed: ClaimAttemptRequest[];
  assign(assigned: Assigned): Promise<string>;
  cancel(assigned: Pick<Assigned, "kind" | "taskId" | "attempt">): void;
  readonly updates: readonly AttemptUpdate[];
  readonly logs: readonly LogBatch[];
  /** Resolves with the attempt's outcome. */
  outcome(assigned?: Pick<Assigned, "taskId" | "attempt">): Promise<AttemptUpdate>;
  /** Resolves once an update fits. */
  update(fits: (update: AttemptUpdate) => boolean): Promise<AttemptUpdate>;
}

export async function startWorld(): Promise<World> {
  const stack = new AsyncDisposableStack();
  const users = usersOf(installation);
  const passwordOf = (user: string): string => `password-of-${user}`;
  const passwords = Object.fromEntries(users.map(({ name }) => [name, passwordOf(name)]));
  const adminPassword = passwordOf("admin");
  const accounts = renderAccounts({ account: "TEST", users, passwords, adminPassword });
  const nats = stack.use(
    await TestNats.start({ accounts, topology: { installation, adminPassword } }),
  );
  const busOf = async (user: string): Promise<Bus> => {
    const options = { url: nats.url, user, password: passwordOf(user), service: user };
    const bus = await connectBus({ ...options, installation });
    stack.defer(() => bus.drain());
    return bus;
  };
  const bus = await busOf("state-machine");
  const updates: AttemptUpdate[] = [];
  const seen = new Set<string>();
  const logs: LogBatch[] = [];
  const claimed: ClaimAttemptRequest[] = [];
  const waiting = new Set<() => void>();
  stack.use(
    await readInbox(bus, ({ data }) => {
      const { body } = fromBinary(InboxMessageSchema, data);
      if (body.case !== "update") throw new Error(`a runner said ${body.case}: want update`);
      const { attemptId, sequence } = body.value;
      if (seen.has(`${attemptId} ${sequence}`)) return; // delivered again
      seen.add(`${attemptId} ${sequence}`);
      updates.push(body.value);
      for (const look of waiting) look();
    }),
  );
  const listener = (await busOf("console")).subscribePlain("chasqui.log.>", (data) =>
    logs.push(fromBinary(LogBatchSchema, data)),
  );
  await listener.established();
  stack.defer(() => listener.unsubscribe());
  const grpc = await serveClaims((claim) => {
    claimed.push(claim);
    return world.wanted(claim);
  });
  stack.defer(() => grpc.stop(1_000));
  const stateMachine = `127.0.0.1:${grpc.port}`;
  const claims = createGrpcClient(RunService, stateMachine);
  stack.defer(() => claims.close());
  const update: World["update"] = (fits) =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = updates.find(fits);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  const world: World = {
    nats,
    bus,
    claims,
    stateMachine,
    passwordOf,
    busOf,
    defer: (end) => stack.defer(async () => void (await end())),
    wanted: () => true,
    claimed,
    updates,
    logs,
    update,
    async assign(assigned) {
      const { attemptId, data } = assignmentOf(assigned);
      const subject = subjects.task(assigned.kind, attemptId);
      const { traceparent } = assigned;
      await bus.publishOne({ subject, data, id: attemptId, traceparent });
      return attemptId;
    },
    cancel(assigned) {
      const { traceparent: _none, ...ref } = refOf(assigned);
      const cancel = create(CancelAttemptSchema, { ...ref, reason: "the run was cancelled" });
      const data = toBinary(CancelAttemptSchema, cancel);
      bus.publishPlain(subjects.cancel(assigned.kind, ref.attemptId), data);
    },
    outcome(assigned = {}) {
      const { attemptId } = refOf(assigned);
      return update((one) => one.attemptId === attemptId && one.state > AttemptState.RUNNING);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  return world;
}

function assignmentOf(assigned: Assigned): { attemptId: string; data: Uint8Array } {
  const { traceparent: _none, ...ref } = refOf(assigned);
  const { kind, config = {}, timeoutMs = 0 } = assigned;
  const assignment = create(AssignmentSchema, {
    ...ref,
    kind,
    timeoutMs,
    configJson: JSON.stringify(config),
    dagId: "tests",
    assignedMs: Date.now(),
    environment: "local",
    logicalTime: "2026-01-02T00:00:00Z",
    runKey: "1",
    attemptsMax: 3,
  });
  return { attemptId: ref.attemptId, data: toBinary(AssignmentSchema, assignment) };
}

function serveClaims(wanted: (claim: ClaimAttemptRequest) => boolean) {
  return serveGrpc({
    port: 0,
    services: [
      implementation(RunService, {
        claimAttempt: (claim) => ({ wanted: wanted(claim), reason: "as the test wants it" }),
        startRun: unused,
        getRun: unused,
        listRuns: unused,
        cancelRun: unused,
        clearTasks: unused,
        markTask: unused,
        rerunRun: unused,
        watchRun: unused,
        getRunHistory: unused,
        listSettled: unused,
      }),
    ],
  });
}

function unused(): never {
  throw new RpcError(RpcCode.UNIMPLEMENTED, "runners never ask this");
}
