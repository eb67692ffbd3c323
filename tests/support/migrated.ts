// A template of databases: the tables of a service, as its migrations make them.
//   await using db = await TestPostgres.database({ template: migrated("scheduler") });
import path from "node:path";
import { migrateDatabase } from "../../libs/chassis/src/index.ts";
import type { TestTemplate } from "./test-postgres.ts";

/** `role`: whose schema they are in; absent: the superuser's. */
export function migrated(service: string, role?: (url: string) => Promise<string>): TestTemplate {
  const folder = path.resolve(import.meta.dirname, "../../services", service, "drizzle");
  return {
    name: `tables_of_${service.replaceAll("-", "_")}`,
    async prepare(url) {
      await migrateDatabase({ url: (await role?.(url)) ?? url, folder });
    },
  };
}
