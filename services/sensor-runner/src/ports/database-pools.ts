// A few connections to each database that waits ask, opened when needed and closed when idle.
// Invariants:
//   D1. At most POOLS_MAX databases at a time, CONNECTIONS_MAX connections each; the one used longest ago goes first.
//   D2. A connection of the environment file is resolved at each use: a password that changed makes another pool.
import { maskPasswordOf, postgresAddress } from "@chasqui/chassis";
import postgres, { type Sql } from "postgres";
import type { Connections } from "./connections.ts";

const POOLS_MAX = 50;
const CONNECTIONS_MAX = 4;
const CONNECT_SECONDS_MAX = 5;
const IDLE_SECONDS_MAX = 20;
/** Less than a look may take. */
const STATEMENT_MS_MAX = 12_000;
const END_SECONDS_MAX = 1;

/** Types whose text says more than a JavaScript value would: dates and times. */
const AS_TEXT = [1082, 1083, 1114, 1184, 1266];
const AS_NUMBER = [20, 1700]; // bigint, numeric

export interface DatabasePools {
  use<T>(connection: string, work: (sql: Sql) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function databasePools(connections: Connections): DatabasePools {
  /** By address; the one used last is the last. */
  const pools = new Map<string, Sql>();
  const end = (sql: Sql): Promise<void> => sql.end({ timeout: END_SECONDS_MAX });
  const poolOf = (address: string): Sql => {
    const sql = pools.get(address) ?? open(address);
    pools.delete(address);
    pools.set(address, sql);
    const [[oldest, idle] = ["", sql]] = pools;
    if (pools.size > POOLS_MAX) {
      pools.delete(oldest);
      void end(idle).catch(() => undefined);
    }
    return sql;
  };
  return {
    use: (name, work) => work(poolOf(postgresAddress(connections.of(name, "postgres")))),
    async close() {
      await Promise.all([...pools.values()].map(end));
      pools.clear();
    },
  };
}

function open(address: string): Sql {
  maskPasswordOf(address);
  return postgres(address, {
    max: CONNECTIONS_MAX,
    connect_timeout: CONNECT_SECONDS_MAX,
    idle_timeout: IDLE_SECONDS_MAX,
    max_lifetime: 15 * 60,
    onnotice: () => {},
    types: {
      text: {
        to: 25,
        from: AS_TEXT,
        serialize: (value: string) => value,
        parse: (text: string) => text,
      },
      number: { to: 25, from: AS_NUMBER, serialize: (value: string) => value, parse: numberIn },
    },
    connection: {
      application_name: "chasqui sensor-runner",
      statement_timeout: STATEMENT_MS_MAX,
      default_transaction_read_only: true,
    },
  });
}

/** A number where that says the same, else the text. */
function numberIn(text: string): number | string {
  const number = Number(text);
  const plain = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return String(number) === plain ? number : text;
}
