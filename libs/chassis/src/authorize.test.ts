import { expect, test } from "vitest";
import { authorize } from "./authorize.ts";
import { RpcCode } from "./grpc/rpc-error.ts";

test("today everybody may", () => {
  expect(() => authorize("anonymous", "cancel", "run/run-1")).not.toThrow();
});

test("who may not is told who, what and on what", () => {
  const readers = (principal: string, action: string): boolean =>
    action === "read" || principal === "user:ana";
  expect(() => authorize("user:ana", "pause", "dag/costs", readers)).not.toThrow();
  expect(() => authorize("user:luis", "read", "dag/costs", readers)).not.toThrow();
  const act = (): void => authorize("user:luis", "pause", "dag/costs", readers);
  expect(act).toThrow("user:luis may not pause dag/costs");
  expect(act).toThrow(expect.objectContaining({ code: RpcCode.PERMISSION_DENIED }));
});
