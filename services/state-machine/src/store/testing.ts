// For integration tests of the statements: a database of the test's own with the service's tables.
import { fileURLToPath } from "node:url";
import { migrateDatabase, openDatabase } from "@chasqui/chassis";
import type { Database } from "@chasqui/chassis";
import { TestPostgres } from "../../../../tests/support/index.ts";

export interface TestStore extends AsyncDisposable {
  readonly database: Database;
  /** As the service's own role. */
  readonly url: string;
}

export async function testStore(options: { connectionsMax?: number } = {}): Promise<TestStore> {
  const stack = new AsyncDisposableStack();
  const { url } = stack.use(await TestPostgres.database());
  const address = new URL(url);
  const admin = openDatabase(url, { connectionsMax: 1, applicationName: "test" });
  await admin.sql
    .unsafe(`create role "state-machine" superuser login password 'test'`)
    .catch(() => undefined); // there already
  await admin.end();
  [address.username, address.password] = ["state-machine", "test"];
  const folder = fileURLToPath(new URL("../../drizzle", import.meta.url));
  await migrateDatabase({ url: address.href, folder });
  const { connectionsMax = 2 } = options;
  const database = openDatabase(address.href, { connectionsMax, applicationName: "test" });
  stack.defer(() => database.end());
  return { database, url: address.href, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
