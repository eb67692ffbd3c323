// Who may do what. Every handler that changes or shows something asks here, so that the day somebody says no,
// there is one place to say it. Today everybody may: the door is on loopback or behind the company's proxy.
import { RpcCode, RpcError } from "./grpc/rpc-error.ts";

/** What is done; the method's verb. */
export type Action =
  | "read"
  | "start"
  | "cancel"
  | "clear"
  | "mark"
  | "answer"
  | "apply"
  | "pause"
  | "retire"
  | "claim"
  | "redrive"
  | "set"
  | "test";

export type Policy = (principal: string, action: Action, resource: string) => boolean;

/** Throws PERMISSION_DENIED. The resource is `<kind>/<id>`: "run/run-01j9…", "dag/carrier-costs". */
export function authorize(
  principal: string,
  action: Action,
  resource: string,
  policy: Policy = everybodyMay,
): void {
  if (!policy(principal, action, resource))
    throw new RpcError(RpcCode.PERMISSION_DENIED, `${principal} may not ${action} ${resource}`);
}

const everybodyMay: Policy = () => true;

/** One row of an audit table: written by the service that owns what changed, in the same commit. */
export interface AuditEntry {
  readonly at: Date;
  readonly principal: string;
  readonly action: Action;
  readonly resource: string;
  readonly reason: string | undefined;
}
