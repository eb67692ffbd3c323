// For the integration tests of this service: a database of the test's own with the service's tables.
import { openDatabase, type Database } from "@chasqui/chassis";
import { TestPostgres, migrated } from "../../../../tests/support/index.ts";

export interface TestStore extends AsyncDisposable {
  readonly url: string;
  readonly database: Database;
}

export async function testStore(): Promise<TestStore> {
  const test = await TestPostgres.database({ template: migrated("scheduler") });
  const database = openDatabase(test.url, { connectionsMax: 4, applicationName: "scheduler test" });
  return {
    url: test.url,
    database,
    [Symbol.asyncDispose]: async () => {
      await database.end();
      await test[Symbol.asyncDispose]();
    },
  };
}
