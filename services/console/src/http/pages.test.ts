// The pages' files by the console's own addresses.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { pageRoutes } from "./pages.ts";

function served() {
  const folder = mkdtempSync(path.join(tmpdir(), "chasqui-pages-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, "index.html"), "<p>the page</p>");
  writeFileSync(path.join(folder, "backfill-form-7M5DCSFK.js"), "export {};");
  const app = fastify();
  onTestFinished(() => app.close());
  pageRoutes(app, folder);
  return app;
}

test.each([
  ...["/", "/runs/run-1", "/dags", "/dags/costs", "/triggers"],
  ...["/backfills", "/backfills/bf-1", "/approvals"],
])("%s can be opened anew", async (url) => {
  const { statusCode, body } = await served().inject({ url });
  expect({ statusCode, body }).toEqual({ statusCode: 200, body: "<p>the page</p>" });
});

test("a part that is read later is a script; one of another build is not there", async () => {
  const app = served();
  const part = await app.inject({ url: "/backfill-form-7M5DCSFK.js" });
  expect(part.headers["content-type"]).toContain("text/javascript");
  expect((await app.inject({ url: "/backfill-form-OTHER.js" })).statusCode).toBe(404);
});
