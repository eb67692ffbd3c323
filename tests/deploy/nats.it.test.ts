// The server's configuration files with the accounts that the command line prints, read by the server itself.
import { execFile } from "node:child_process";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { expect, inject, test } from "vitest";
import { ADMIN_USER, renderAccounts, usersOf } from "../../libs/contracts/src/index.ts";
import { readEnvironmentFile } from "../../libs/chassis/src/index.ts";
import { temporaryFolder } from "../support/index.ts";
import { overlays, root } from "./support/manifests.ts";

const run = promisify(execFile);

async function check(folder: string, file: string): Promise<string> {
  const program = inject("natsProgram");
  const binary = program.kind === "binary";
  const before = ["run", "--rm", "-e", "POD_NAME=nats-0", "-v", `${folder}:/config:ro`];
  const command = binary ? [program.path] : ["docker", ...before, program.image];
  const arguments_ = ["-t", "-c", path.posix.join(binary ? folder : "/config", file)];
  const [name = "", ...first] = command;
  const env = { ...process.env, POD_NAME: "nats-0" };
  const { stderr, stdout } = await run(name, [...first, ...arguments_], { env });
  return stdout + stderr;
}

test.each(overlays)("%s: nats-server accepts the files with its accounts", async (name) => {
  await using folder = await temporaryFolder("nats-config");
  const installation = await readEnvironmentFile(path.join(root, `environments/${name}.yaml`));
  const users = usersOf(installation);
  const passwords = Object.fromEntries(users.map((user) => [user.name, `of-${user.name}`]));
  const accounts = renderAccounts({
    account: name,
    users,
    passwords,
    adminPassword: `of-${ADMIN_USER}`,
  });
  await writeFile(path.join(folder.path, "accounts.conf"), accounts);
  for (const file of ["nats.conf", "cluster.conf"]) {
    const text = await readFile(path.join(root, "deploy/nats", file), "utf8");
    await copyFile(path.join(root, "deploy/nats", file), path.join(folder.path, file));
    expect(text).toContain("include ./accounts.conf");
    expect(await check(folder.path, file)).toMatch(/configuration file .* is valid/);
  }
  await writeFile(path.join(folder.path, "accounts.conf"), "accounts { ");
  await expect(check(folder.path, "nats.conf")).rejects.toThrow("Command failed");
});
