// HTTP to where a sensor may look: every socket goes to an address that the policy allows.
// Invariant: an address that is written as a number is judged before it is dialled, a name by what it resolves to.
import { isIP } from "node:net";
import { Agent } from "undici";
import { PrivateAddress, judgingLookup, refused } from "./addresses.ts";
import type { AddressPolicy } from "./addresses.ts";

const CONNECT_MS = 10_000;

export interface GuardedAgent {
  readonly agent: Agent;
  /** Throws PrivateAddress. Names are judged when they are looked up. */
  check(url: URL): void;
}

export function guardedAgent(policy: AddressPolicy): GuardedAgent {
  return {
    agent: new Agent({
      connect: { lookup: judgingLookup(policy), timeout: CONNECT_MS },
      connections: 4,
      pipelining: 1,
    }),
    check({ hostname }) {
      const literal = hostname.replace(/^\[|\]$/g, "");
      if (isIP(literal) !== 0 && !policy.allows(literal)) throw refused(literal, literal);
    },
  };
}

/** The refusal behind an error, however deep the client has buried it. */
export function privateAddressIn(thrown: unknown): PrivateAddress | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; depth++) {
    if (error instanceof PrivateAddress) return error;
    if (error instanceof AggregateError) {
      for (const one of error.errors) {
        const found = privateAddressIn(one);
        if (found !== undefined) return found;
      }
    }
    error = error.cause;
  }
  return undefined;
}

export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const text = error.message === "" ? error.name : error.message;
  return cause instanceof Error && cause.message !== "" ? `${text}: ${cause.message}` : text;
}
