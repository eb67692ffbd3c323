// The owner of explanations, as the console's tests meet it.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { RpcCode, RpcError, implementation } from "@chasqui/chassis";
import { ExplainService } from "@chasqui/contracts";

export const explainOwner = implementation(ExplainService, {
  explainRun({ runId, task }) {
    if (task === "malí") throw new RpcError(RpcCode.NOT_FOUND, `run ${runId} has no task "malí"`);
    return {
      ...{ runId, state: "running" },
      explanations: [
        {
          ...{ task: task || "mail", state: "waiting" },
          causes: [
            { kind: "upstream", text: "mail waits for aggregate", task: "mail" },
            { kind: "pool", text: "in line for pool wh", pool: "wh", runId: "run-other" },
          ],
          ...{ expectedTime: timestampFromMs(9_000), expectedBy: "estimate", expectedRuns: 7 },
          waits: [
            {
              ...{ kind: "admission", text: "a slot of its DAG" },
              ...{ fromTime: timestampFromMs(1_000), untilTime: timestampFromMs(2_000) },
            },
            { kind: "upstream", text: "what it needs", fromTime: timestampFromMs(2_000) },
          ],
        },
      ],
    };
  },
});
