import path from "node:path";
import { expect, test } from "vitest";
import { assetFolder } from "./asset-folder.ts";

test("the nearest folder of that name at or above the module's", () => {
  const here = import.meta.dirname;
  expect(assetFolder(here, "testing")).toBe(path.join(here, "testing"));
  expect(assetFolder(path.join(here, "grpc"), "testing")).toBe(path.join(here, "testing"));
  expect(assetFolder(here, "environments")).toBe(path.resolve(here, "../../../environments"));
});

test("one that is nowhere is named", () => {
  expect(() => assetFolder(import.meta.dirname, "drizzle-of-nobody")).toThrow(
    /^no folder drizzle-of-nobody in .* or up to 4 folders above it$/,
  );
});
