// For integration tests of the statements: a database of the test's own with the service's tables.
import { openDatabase } from "@chasqui/chassis";
import type { Database } from "@chasqui/chassis";
import { TestPostgres, migrated } from "../../../../tests/support/index.ts";

export interface TestStore extends AsyncDisposable {
  readonly database: Database;
  /** As the service's own role. */
  readonly url: string;
}

/** The service's own role, which may do anything: it is the same for all tests. */
function asRole(superuser: string): string {
  const url = new URL(superuser);
  [url.username, url.password] = ["state-machine", "test"];
  return url.href;
}

const template = migrated("state-machine", async (superuser) => {
  const admin = openDatabase(superuser, { connectionsMax: 1, applicationName: "test" });
  await admin.sql.unsafe(`create role "state-machine" superuser login password 'test'`);
  await admin.end();
  return asRole(superuser);
});

export async function testStore(options: { connectionsMax?: number } = {}): Promise<TestStore> {
  const stack = new AsyncDisposableStack();
  const url = asRole(stack.use(await TestPostgres.database({ template })).url);
  const { connectionsMax = 2 } = options;
  const database = openDatabase(url, { connectionsMax, applicationName: "test" });
  stack.defer(() => database.end());
  return { database, url, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
