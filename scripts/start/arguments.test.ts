// What `npm start` cannot do is said before anything is started.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { readArguments } from "./arguments.ts";

test("--dags: a folder that is there; a missing one and a file are named", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "chasqui-arguments-"));
  try {
    const file = path.join(folder, "a.yaml");
    writeFileSync(file, "id: a\n");
    expect(readArguments(["--dags", folder], {}).dagsDir).toBe(folder);
    for (const wrong of [path.join(folder, "none"), file])
      expect(() => readArguments(["--dags", wrong], {})).toThrow(
        `--dags is ${JSON.stringify(wrong)}: want a folder that is there`,
      );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each(["65536", "-1", "http"])("a port of %j is named, with what was wanted", (text) => {
  expect(() => readArguments([], { CHASQUI_MAIL_PORT: text })).toThrow(
    `CHASQUI_MAIL_PORT is ${JSON.stringify(text)}: want a port from 0 to 65535`,
  );
});
