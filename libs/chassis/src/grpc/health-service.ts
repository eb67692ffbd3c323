// grpc.health.v1: every service of the server, and the server itself (""), serve or do not, together.
import { Health, HealthCheckResponse_ServingStatus as Serving } from "@chasqui/contracts";
import { implementation, type ServiceImplementation } from "./implementation.ts";
import { RpcCode, RpcError } from "./rpc-error.ts";

export interface ServingState {
  readonly serving: boolean;
  set(serving: boolean): void;
  /** Resolves at the next change, or when the signal is aborted. */
  changed(signal: AbortSignal): Promise<void>;
}

export function servingState(initially: boolean): ServingState {
  const waiting = new Set<() => void>();
  let serving = initially;
  return {
    get serving() {
      return serving;
    },
    set(value) {
      if (serving === value) return;
      serving = value;
      for (const wake of [...waiting]) wake();
    },
    changed(signal) {
      return new Promise((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener("abort", wake, { once: true });
        if (signal.aborted) wake();
      });
    },
  };
}

export function healthService(
  state: ServingState,
  serviceNames: ReadonlySet<string>,
): ServiceImplementation {
  const now = (): Serving => (state.serving ? Serving.SERVING : Serving.NOT_SERVING);
  const knows = (service: string): boolean => service === "" || serviceNames.has(service);
  return implementation(Health, {
    check({ service }) {
      if (!knows(service))
        throw new RpcError(RpcCode.NOT_FOUND, `no service ${JSON.stringify(service)} here`);
      return { status: now() };
    },
    async *watch({ service }, { signal }) {
      while (!signal.aborted) {
        yield { status: knows(service) ? now() : Serving.SERVICE_UNKNOWN };
        await state.changed(signal);
      }
    },
  });
}
