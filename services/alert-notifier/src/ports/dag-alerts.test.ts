// A DAG version's alerts: asked for once, bounded, and wrong ones told apart from those that cannot be asked for now.
import { create } from "@bufbuild/protobuf";
import { RejectError } from "@chasqui/bus";
import { RpcCode, RpcError } from "@chasqui/chassis";
import { AlertOn, GetDagResponseSchema } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { dagAlerts } from "./dag-alerts.ts";

function setup() {
  const asked: string[] = [];
  const spec = {
    alerts: [{ on: [AlertOn.FAILED, AlertOn.LATE], slack: "#ops" }],
    tasks: [{ id: "a", allowFailure: true }, { id: "b" }],
  };
  const alertsOf = dagAlerts({
    getDag: ({ dagId = "", version = 0 }) => {
      asked.push(`${dagId}/${version}`);
      if (dagId === "gone") return Promise.reject(new RpcError(RpcCode.NOT_FOUND, "no such DAG"));
      if (dagId === "away") return Promise.reject(new RpcError(RpcCode.UNAVAILABLE, "away"));
      return Promise.resolve(create(GetDagResponseSchema, { dag: { dagId, version, spec } }));
    },
  });
  return { alertsOf, asked };
}

test("a version is asked for once", async () => {
  const { alertsOf, asked } = setup();
  const first = await alertsOf("d", 1);
  expect(first).toEqual({
    channels: [{ channel: "#ops", asked: { failed: true, retrying: false, succeeded: false } }],
    allowedToFail: new Set(["a"]),
  });
  expect(await alertsOf("d", 1)).toBe(first);
  await alertsOf("d", 2);
  expect(asked).toEqual(["d/1", "d/2"]);
});

test("the oldest use is forgotten first", async () => {
  const { alertsOf, asked } = setup();
  for (let version = 1; version <= 1_000; version++) await alertsOf("d", version);
  await alertsOf("d", 1);
  await alertsOf("d", 1_001);
  asked.length = 0;
  await alertsOf("d", 1);
  await alertsOf("d", 2);
  expect(asked).toEqual(["d/2"]);
});

test("a DAG that is gone is rejected, a state machine that is away is asked again", async () => {
  const { alertsOf, asked } = setup();
  await expect(alertsOf("gone", 1)).rejects.toThrow(RejectError);
  await expect(alertsOf("away", 1)).rejects.toThrow(RpcError);
  await expect(alertsOf("away", 1)).rejects.toThrow(RpcError);
  expect(asked).toEqual(["gone/1", "away/1", "away/1"]);
});
