// What vitest ran is counted as it was, whatever a test file does.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";

const project = path.resolve(import.meta.dirname, "../..");

async function countsOfFiles(files: Readonly<Record<string, string>>): Promise<unknown> {
  // Below the project, so that the files find vitest; below a folder that git and the tests ignore.
  await mkdir(path.join(project, ".chasqui"), { recursive: true });
  const folder = await mkdtemp(path.join(project, ".chasqui/counts-"));
  try {
    const config = `
      import { countReporter } from "../../tests/support/count-reporter.ts";
      export default { test: { reporters: [countReporter(import.meta.dirname)] } };
    `;
    await writeFile(path.join(folder, "vitest.config.ts"), config);
    for (const [name, text] of Object.entries(files)) {
      const head = 'import { describe, expect, test } from "vitest";\n';
      await writeFile(path.join(folder, name), head + text);
    }
    const counts = path.join(folder, "counts.json");
    const vitest = path.join(project, "node_modules/vitest/vitest.mjs");
    const child = spawn(process.execPath, [vitest, "run", "--root", folder], {
      stdio: "ignore",
      env: { ...process.env, CHASQUI_TEST_COUNTS: counts },
    });
    await once(child, "close");
    return (JSON.parse(await readFile(counts, "utf8")) as Record<string, unknown>)[""]; // the one project
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("passes, failures, skips, empty tests, broken files and stray rejections", async () => {
  const counts = await countsOfFiles({
    "a.test.ts": `
      test("right", () => { expect(1).toBe(1); });
      test("wrong", () => { expect(1).toBe(2); });
      describe("inner", () => { test("left out", { skip: true }, () => { expect(1).toBe(1); }); });
      test("later", { todo: true });
    `,
    "b.test.ts": 'import "./nothing.ts"; test("unreachable", () => { expect(1).toBe(1); });',
    "c.test.ts": 'describe("broken", async () => { throw new Error("cannot be collected"); });',
    "d.test.ts": `
      test("stray", () => { void Promise.reject(new Error("nobody waits")); expect(1).toBe(1); });
    `,
    "e.test.ts": `
      import { beforeAll } from "vitest";
      describe("suite", () => {
        beforeAll(() => { throw new Error("no set-up"); });
        test("never run", () => { expect(1).toBe(1); });
      });
    `,
  });
  expect(counts).toEqual({
    passed: 2, // right, stray
    failed: 5, // wrong; b, c and e's suite as a whole; the rejection that nobody waited for
    skipped: ["a.test.ts > inner > left out", "e.test.ts > suite > never run"],
    ran: ["a.test.ts > right", "a.test.ts > wrong", "d.test.ts > stray"],
    empty: ["a.test.ts > later"],
  });
});
