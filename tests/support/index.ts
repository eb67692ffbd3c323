// What integration and end-to-end tests stand on.
export { readInbox } from "./inbox.ts";
export { migrated } from "./migrated.ts";
export { type Replayed, replayAll } from "./replay.ts";
export { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";
export { TestNats, type TestNatsOptions } from "./test-nats.ts";
export { type TestDatabase, TestPostgres, type TestTemplate } from "./test-postgres.ts";
