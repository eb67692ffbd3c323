// Tests talk to Chasqui as everybody does: through the console's gRPC door.
import { createGrpcClient } from "@chasqui/chassis";
import type { GrpcClient } from "@chasqui/chassis";
import {
  AlertService,
  BackfillService,
  ConnectionService,
  DagService,
  ReportService,
  RunService,
  ScheduleService,
} from "@chasqui/contracts";
import type { World } from "@chasqui/sandbox";

export interface Clients extends AsyncDisposable {
  readonly dags: GrpcClient<typeof DagService>;
  readonly runs: GrpcClient<typeof RunService>;
  readonly reports: GrpcClient<typeof ReportService>;
  readonly alerts: GrpcClient<typeof AlertService>;
  readonly connections: GrpcClient<typeof ConnectionService>;
  readonly schedules: GrpcClient<typeof ScheduleService>;
  readonly backfills: GrpcClient<typeof BackfillService>;
}

export function openClients(world: World): Clients {
  const address = `127.0.0.1:${world.addresses.grpcPorts.console}`;
  const options = { principal: "user:tests" };
  const clients = {
    dags: createGrpcClient(DagService, address, options),
    runs: createGrpcClient(RunService, address, options),
    reports: createGrpcClient(ReportService, address, options),
    alerts: createGrpcClient(AlertService, address, options),
    connections: createGrpcClient(ConnectionService, address, options),
    schedules: createGrpcClient(ScheduleService, address, options),
    backfills: createGrpcClient(BackfillService, address, options),
  };
  return {
    ...clients,
    async [Symbol.asyncDispose]() {
      for (const client of Object.values(clients)) client.close();
    },
  };
}
