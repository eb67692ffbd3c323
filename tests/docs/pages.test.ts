// What pages name is there: links, anchors, files, tests, scripts, commands, variables.
import type { Command } from "commander";
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { createProgram } from "../../libs/cli/src/program.ts";
import { hotStatement } from "../../services/state-machine/src/store/commit.sql.ts";
import { anchorsOf, blocksOf, commandsOf, pages, readPage, root } from "./support/pages.ts";

const all = pages();
const withoutBlocks = (text: string): string => text.replaceAll(/```[^]*?```/g, "");
const scripts: { scripts: Record<string, string> } = JSON.parse(
  readFileSync(path.join(root, "package.json"), "utf8"),
);

test("there are pages", () => {
  expect(all).toContain("README.md");
  expect(all).toContain("docs/decisions/README.md");
  expect(all.length).toBeGreaterThan(15);
});

describe.each(all)("%s", (page) => {
  const text = readPage(page);

  test("links lead somewhere", () => {
    const broken = [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1] ?? "")
      .filter((target) => !/^(https?|mailto):/.test(target))
      .filter((target) => {
        const [name = "", anchor] = target.split("#");
        const file = name === "" ? page : path.posix.join(path.posix.dirname(page), name);
        if (!existsSync(path.join(root, file))) return true;
        return anchor !== undefined && !anchorsOf(readPage(file)).has(anchor);
      });
    expect(broken).toEqual([]);
  });

  test("files that are named exist", () => {
    const named = [
      ...withoutBlocks(text).matchAll(
        /`((?:libs|services|tests|scripts|proto|deploy|docs|environments|\.ci)\/[\w./-]+)`/g,
      ),
    ].map((match) => match[1] ?? "");
    const below = path.posix.dirname(page);
    const missing = named.filter(
      (name) => !existsSync(path.join(root, name)) && !existsSync(path.join(root, below, name)),
    );
    expect(missing).toEqual([]);
  });

  test("tests that are named exist, with that title", () => {
    const named = [...text.matchAll(/`([\w./-]+\.test\.ts)` "([^"]+)"/g)];
    const missing = named.flatMap(([, file = "", title = ""]) => {
      const code = existsSync(path.join(root, file))
        ? readFileSync(path.join(root, file), "utf8")
        : "";
      return code.includes(title) ? [] : [`${file} "${title}"`];
    });
    expect(missing).toEqual([]);
  });

  test("npm scripts exist; chasqui knows its commands and options", () => {
    const known = new Set(["install", "ci", ...Object.keys(scripts.scripts)]);
    for (const command of commandsOf(text)) {
      const script = /^npm (?:run )?([\w-]+)/.exec(command)?.[1];
      if (script !== undefined) expect(known.has(script), command).toBe(true);
      if (command.startsWith("npx chasqui ")) expect(problemOf(command), command).toBe(undefined);
    }
    for (const [, script = ""] of withoutBlocks(text).matchAll(/`npm (?:run )?([\w-]+)[^`]*`/g))
      expect(known.has(script), script).toBe(true);
  });

  test("variables that are named are read somewhere", () => {
    const unknown = [...new Set(text.match(/\bCHASQUI_[A-Z][A-Z_]*[A-Z]\b/g))].filter(
      (name) =>
        !knownNames.has(name) && ![...knownNames].some((known) => known.startsWith(`${name}_`)),
    );
    expect(unknown).toEqual([]);
  });
});

/** Names in upper case that code, scripts, manifests or DAG files know. */
const knownNames = new Set(
  globSync("{libs,services,scripts,tests,deploy,dags,environments}/**/*.{ts,tsx,mjs,yaml,yml}", {
    cwd: root,
    exclude: (name) => name.includes("node_modules") || name.includes("tests/docs"),
  }).flatMap(
    (file) => readFileSync(path.join(root, file), "utf8").match(/\bCHASQUI_[A-Z_]*[A-Z]\b/g) ?? [],
  ),
);

/** Why the command line does not know a command; undefined when it does. */
function problemOf(command: string): string | undefined {
  const nothing = (): void => undefined;
  const program = createProgram({
    cliFor: () => {
      throw new Error("nothing is run here");
    },
    version: "0",
    out: nothing,
    err: nothing,
    done: nothing,
  });
  const words =
    command
      .replace(/\s*[|>].*$/, "")
      .match(/"[^"]*"|'[^']*'|\S+/g)
      ?.slice(2) ?? [];
  let at: Command = program;
  while (at.commands.length > 0) {
    const next = at.commands.find(
      (sub) => sub.name() === words[0] || sub.aliases().includes(words[0] ?? ""),
    );
    if (next === undefined) return `no command ${words[0]}`;
    at = next;
    words.shift();
  }
  const { unknown } = at.parseOptions(words.filter((word) => word !== "--help"));
  return unknown.length === 0 ? undefined : `unknown ${unknown.join(" ")}`;
}

test("a command that does not exist is seen", () => {
  expect(problemOf("npx chasqui trigger hello --follow")).toBe(undefined);
  expect(problemOf("npx chasqui admin dead list")).toBe(undefined);
  expect(problemOf("npx chasqui trigger hello --folow")).toBe("unknown --folow");
  expect(problemOf("npx chasqui strigger hello")).toBe("no command strigger");
});

test("the statement in docs/architecture.md has the parts of the real one", () => {
  const parts = (text: string): string[] =>
    [...text.matchAll(/(?:^|[,\s])(\w+)\s+as \(\s*(?:select|update|insert)/g)].map(
      ([, name]) => name ?? "",
    );
  const shown = blocksOf(readPage("docs/architecture.md")).find(
    ({ language }) => language === "sql",
  );
  expect(parts(shown?.text ?? "")).toEqual(parts(hotStatement.text));
  expect(parts(hotStatement.text).length).toBeGreaterThan(6);
});

test("every command of README.md and docs/first-dag.md is in a block that the walk follows", () => {
  for (const page of ["README.md", "docs/first-dag.md"]) {
    for (const { language, line } of blocksOf(readPage(page)))
      expect(["sh", "text", "yaml", "diff"], `${page}:${line}`).toContain(language);
    const loose = [...withoutBlocks(readPage(page)).matchAll(/`(npx [^`]+)`/g)].map(([, it]) => it);
    expect(loose, "a command outside of the blocks is run by nobody").toEqual([]);
  }
});
