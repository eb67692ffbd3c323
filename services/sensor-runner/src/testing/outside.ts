// An outside that nobody reaches: for tests that only read what kinds say.
import { addressPolicy } from "../ports/addresses.ts";
import type { Outside } from "../sensors.ts";
import { testConnections } from "./connections.ts";

const nobody = (): never => {
  throw new Error("nothing outside is asked here");
};

export const testOutside: Outside = {
  policy: addressPolicy([]),
  connections: testConnections({}),
  stateMachine: { runs: { getRun: nobody, listRuns: nobody }, dags: { getDag: nobody } },
  bus: { findMessage: nobody, streamPosition: nobody },
};
