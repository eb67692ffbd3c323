// The doors of a state machine for tests: its gRPC services behind a real server, and the command line that asks them.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createGrpcClient, openDatabase, serveGrpc } from "@chasqui/chassis";
import { DagService, ExplainService, PoolService, RunService } from "@chasqui/contracts";
import type { Heard } from "@chasqui/machine";
import { invokeCli } from "../../../../tests/support/cli.ts";
import { createAsk } from "../grpc/commands.ts";
import { dagService } from "../grpc/dag-service.ts";
import { explainService } from "../grpc/explain-service.ts";
import { poolService } from "../grpc/pool-service.ts";
import { runService } from "../grpc/run-service.ts";
import { poolNames } from "../store/pool-reads.ts";
import type { World } from "../testing.ts";

interface DoorOptions {
  readonly clock?: () => number;
  readonly heard?: (kind: string) => Heard;
}

const justNow = (): Heard => ({ lastMs: Date.now(), listeningSinceMs: 0 });

export async function openDoors(
  world: World,
  { clock = Date.now, heard = justNow }: DoorOptions = {},
) {
  const { bus, versions, stack } = world;
  const reads = openDatabase(world.databaseUrl, { connectionsMax: 2, applicationName: "test" });
  stack.defer(() => reads.end());
  const db = await reads.drizzle();
  const shared = { db, sql: reads.sql, bus, versions, clock, ask: createAsk(bus) };
  const rules = { judge: async () => [] };
  const pools = (): Promise<readonly string[]> => poolNames(reads.sql);
  const services = [
    runService(shared),
    dagService({ ...shared, rules, pools }),
    poolService(shared),
    explainService({ ...shared, heard }),
  ];
  const grpc = await serveGrpc({ port: 0, host: "127.0.0.1", services });
  stack.defer(() => grpc.stop(1_000));
  const address = `127.0.0.1:${grpc.port}`;
  const who = { principal: "user:ana" };
  const clients = {
    runs: createGrpcClient(RunService, address, who),
    dags: createGrpcClient(DagService, address, who),
    pools: createGrpcClient(PoolService, address, who),
    explain: createGrpcClient(ExplainService, address, who),
  };
  for (const client of Object.values(clients)) stack.defer(() => client.close());
  const url = await consoleOf(world, address);
  /** `chasqui …` as a person types it. */
  const cli = (...args: string[]) => invokeCli(args, { server: url });
  return { ...clients, cli };
}

/** What the command line asks a console: where its gRPC is. */
async function consoleOf({ stack }: World, grpc: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json").end(JSON.stringify({ grpc }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(() => void server.close());
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return `http://127.0.0.1:${port}`;
}
