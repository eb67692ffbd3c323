// LogService, the one service that the console answers itself: logs have no owner but their stream.
import { authorize, implementation } from "@chasqui/chassis";
import type { ServiceImplementation } from "@chasqui/chassis";
import { LogService } from "@chasqui/contracts";
import { tailLogs, type TailDeps } from "./tail.ts";

export function logService(deps: TailDeps): ServiceImplementation {
  return implementation(LogService, {
    async *tailLogs({ runId, taskId, attempt, follow }, { principal, signal }) {
      authorize(principal, "read", `run/${runId}`);
      const request = { runId, taskId, attempt, follow };
      for await (const batch of tailLogs(request, deps, signal)) yield { batch };
    },
  });
}
