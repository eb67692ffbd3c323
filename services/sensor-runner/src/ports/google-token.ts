// Access tokens of Google: for a service account's key, or for the workload that this process is. Google's library is
// loaded with the first wait that needs it.
// Invariant: a key makes one client, which keeps its token until it expires.
import { GoogleAuth, JWT } from "google-auth-library";
import { CannotAsk } from "../kinds/kind.ts";
import type { TokenOf } from "./gcs-objects.ts";

const SCOPE = "https://www.googleapis.com/auth/devstorage.read_only";
const CLIENTS_MAX = 50;

interface Client {
  getAccessToken(): Promise<unknown>;
}

/** `fetchImplementation`: in place of the process's own, for tests. */
export function googleTokens(fetchImplementation?: typeof fetch): TokenOf {
  const clients = new Map<string, Client>();
  const clientOf = (credentials: string | undefined): Client => {
    const known = clients.get(credentials ?? "");
    if (known !== undefined) return known;
    const client = open(credentials, fetchImplementation);
    if (clients.size >= CLIENTS_MAX) clients.clear();
    clients.set(credentials ?? "", client);
    return client;
  };
  return async (credentials) => {
    const answer = await clientOf(credentials).getAccessToken();
    const token = typeof answer === "object" ? Reflect.get(answer ?? {}, "token") : answer;
    if (typeof token !== "string" || token === "") throw new Error("Google gave no access token");
    return token;
  };
}

function open(credentials: string | undefined, fetchImplementation?: typeof fetch): Client {
  if (credentials === undefined) return new GoogleAuth({ scopes: SCOPE });
  const { email, key } = keyIn(credentials);
  const transport = fetchImplementation === undefined ? {} : { fetchImplementation };
  return new JWT({ email, key, scopes: [SCOPE], transporterOptions: transport });
}

function keyIn(credentials: string): { readonly email: string; readonly key: string } {
  try {
    const account: unknown = JSON.parse(credentials);
    if (typeof account === "object" && account !== null) {
      const { client_email: email, private_key: key }: Record<string, unknown> = { ...account };
      if (typeof email === "string" && typeof key === "string") return { email, key };
    }
  } catch {
    // said below, without what was there: it is a secret
  }
  throw new CannotAsk("credentials of a gcs connection: want a service account's key, as JSON");
}
