// The owners of what the console shows, as typed clients: the same addresses that its gRPC door forwards to.
import { createGrpcClient } from "@chasqui/chassis";
import type { GrpcClient, Part, Route } from "@chasqui/chassis";
import {
  BackfillService,
  AlertService,
  ApprovalService,
  DagService,
  ExplainService,
  PoolService,
  ReportService,
  RunService,
  ScheduleService,
} from "@chasqui/contracts";

export interface OwnerAddresses {
  readonly stateMachine: string;
  readonly scheduler: string;
  readonly reportMailer: string;
  readonly alertNotifier: string;
}

export interface Owners extends Part {
  readonly runs: GrpcClient<typeof RunService>;
  readonly approvals: GrpcClient<typeof ApprovalService>;
  readonly explain: GrpcClient<typeof ExplainService>;
  readonly dags: GrpcClient<typeof DagService>;
  readonly schedules: GrpcClient<typeof ScheduleService>;
  readonly backfills: GrpcClient<typeof BackfillService>;
  readonly reports: GrpcClient<typeof ReportService>;
  readonly alerts: GrpcClient<typeof AlertService>;
}

export function openOwners(addresses: OwnerAddresses): Owners {
  const defaults = { principal: "service:console" };
  const runs = createGrpcClient(RunService, addresses.stateMachine, defaults);
  const approvals = createGrpcClient(ApprovalService, addresses.stateMachine, defaults);
  const explain = createGrpcClient(ExplainService, addresses.stateMachine, defaults);
  const dags = createGrpcClient(DagService, addresses.stateMachine, defaults);
  const schedules = createGrpcClient(ScheduleService, addresses.scheduler, defaults);
  const backfills = createGrpcClient(BackfillService, addresses.scheduler, defaults);
  const reports = createGrpcClient(ReportService, addresses.reportMailer, defaults);
  const alerts = createGrpcClient(AlertService, addresses.alertNotifier, defaults);
  const clients = { runs, approvals, explain, dags, schedules, backfills, reports, alerts };
  return {
    name: "owners",
    ...clients,
    stop() {
      for (const client of Object.values(clients)) client.close();
      return Promise.resolve();
    },
  };
}

/** Which service of the contract is answered where. */
export const routesOf = (addresses: OwnerAddresses): Route[] => [
  { service: RunService, address: addresses.stateMachine },
  { service: DagService, address: addresses.stateMachine },
  { service: PoolService, address: addresses.stateMachine },
  { service: ApprovalService, address: addresses.stateMachine },
  { service: ExplainService, address: addresses.stateMachine },
  { service: ScheduleService, address: addresses.scheduler },
  { service: BackfillService, address: addresses.scheduler },
  { service: ReportService, address: addresses.reportMailer },
  { service: AlertService, address: addresses.alertNotifier },
];
