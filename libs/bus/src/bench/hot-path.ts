// What a message costs this process, run by hand against a server with the generated accounts:
//   node libs/bus/src/bench/hot-path.ts <url> <admin password> <state-machine password>
// Prints CPU and wall microseconds per message: published (1,000 a call, with id and traceparent), received in
// batches and acknowledged.
import { attemptIdOf, inboxDurable, PARTITIONS, subjects } from "@chasqui/contracts";
import { applyTopology, connectBus, type OutMessage } from "../index.ts";

const MESSAGES = 1_000;
const ROUNDS = 40;
const WARM_UP_ROUNDS = 15;

const [url = "", adminPassword = "", password = ""] = process.argv.slice(2);
const installation = { sources: [], runners: {} };
await applyTopology({ url, user: "admin", password: adminPassword, installation });
const bus = await connectBus({
  url,
  user: "state-machine",
  password,
  service: "bench",
  installation,
});
const data = new Uint8Array(150).fill(120);
const started = Date.now();

function messagesOf(round: number): OutMessage[] {
  return Array.from({ length: MESSAGES }, (_, index) => {
    const runId = `run-${started}-${round}-${index}`;
    return {
      subject: subjects.inbox("update", runId),
      data,
      id: attemptIdOf({ runId, taskId: "task", mapIndex: -1, attempt: 1 }),
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    };
  });
}

async function measure(name: string, rounds: number, step: (round: number) => Promise<void>) {
  const cpuBefore = process.cpuUsage();
  const wallBefore = performance.now();
  for (let round = 0; round < rounds; round++) await step(round);
  const { user, system } = process.cpuUsage(cpuBefore);
  const wallUs = (performance.now() - wallBefore) * 1_000;
  const count = rounds * MESSAGES;
  console.log(
    `${name}: ${((user + system) / count).toFixed(1)} µs CPU, ${(wallUs / count).toFixed(1)} µs wall a message`,
  );
}

const prepared = Array.from({ length: WARM_UP_ROUNDS + ROUNDS }, (_, round) => messagesOf(round));
const publish = async (round: number): Promise<void> => {
  const outcomes = await bus.publish(prepared[round] ?? []);
  const bad = outcomes.find((outcome) => outcome !== "stored");
  if (bad !== undefined) throw new Error(`published: ${bad}: want stored`);
};
await measure("publish, cold", WARM_UP_ROUNDS, publish);
await measure("publish", ROUNDS, (round) => publish(WARM_UP_ROUNDS + round));

const durables = Array.from({ length: PARTITIONS }, (_, partition) => inboxDurable(partition));
const source = await bus.consumeBatches(durables, { batchMax: 1_000 });
let left = 0;
let traced = 0;
await measure("receive and ack", WARM_UP_ROUNDS + ROUNDS, async () => {
  left += MESSAGES;
  while (left > 0) {
    const items = await source.next();
    for (const item of items) {
      if (item.traceparent !== undefined && item.deliveryCount === 1) traced++;
      item.ack();
    }
    left -= items.length;
  }
});
console.log(`${traced} messages had a trace`);
await source.stop();
await bus.drain();
