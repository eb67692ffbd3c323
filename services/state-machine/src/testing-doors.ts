// The gRPC doors of a state machine for tests, as its main.ts opens them: all four services behind one real server.
import { createGrpcClient, openDatabase, serveGrpc } from "@chasqui/chassis";
import { DagService, ExplainService, PoolService, RunService } from "@chasqui/contracts";
import { createAsk } from "./grpc/commands.ts";
import { dagService } from "./grpc/dag-service.ts";
import { explainService } from "./grpc/explain-service.ts";
import { poolService } from "./grpc/pool-service.ts";
import { runService } from "./grpc/run-service.ts";
import { poolNames } from "./store/pool-reads.ts";
import type { World } from "./testing.ts";

export async function openDoors(world: World, { clock = Date.now }: { clock?: () => number } = {}) {
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
    explainService(shared),
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
  return { ...clients, address };
}
