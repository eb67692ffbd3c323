// A postgres connection as one address, however it was written.
import { maskPasswordOf, maskSecrets } from "../secrets.ts";
import type { ConnectionOf } from "./resolve-connection.ts";

export function postgresAddress(values: ConnectionOf<"postgres">): string {
  const { url, host, port, database, user, password, tls } = values;
  const address = new URL(url ?? `postgres://${hostOf(host ?? "")}:${port ?? 5432}`);
  if (url === undefined) {
    address.username = encodeURIComponent(user ?? "");
    address.password = encodeURIComponent(password ?? "");
    address.pathname = `/${encodeURIComponent(database ?? "")}`;
  }
  if (tls !== undefined) address.searchParams.set("sslmode", tls);
  if (address.password !== "") maskSecrets([address.href]);
  maskPasswordOf(address.href);
  return address.href;
}

const hostOf = (host: string): string => (host.includes(":") ? `[${host}]` : host);
