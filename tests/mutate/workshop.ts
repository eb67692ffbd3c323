// A copy of the tree to plant faults in, so that the working tree is never touched. What is installed is shared by
// links; only our own packages are the copy's own, else the tests would run the sources that have no fault.
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  chmodSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Fault, planted } from "./fault.ts";

export interface Workshop {
  readonly root: string;
  /** Runs `work` while the fault is in the copy. */
  withFault<T>(fault: Fault, work: () => Promise<T>): Promise<T>;
  remove(): void;
}

export function openWorkshop(from: string): Workshop {
  const root = mkdtempSync(path.join(tmpdir(), "chasqui-mutate-"));
  chmodSync(root, 0o711); // as root, PostgreSQL runs as another user, who passes through
  copySources(from, root);
  linkInstalled(from, root);
  linkServers(from, root);
  return {
    root,
    async withFault(fault, work) {
      const file = path.join(root, fault.file);
      const source = readFileSync(file, "utf8");
      writeFileSync(file, planted(fault, source));
      try {
        return await work();
      } finally {
        writeFileSync(file, source);
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** What git knows, or would know if it were told, as it is in the working tree. */
export function sourcesOf(root: string): string[] {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
  return listed
    .split("\0")
    .filter((file) => file !== "" && existsSync(path.join(root, file)))
    .filter((file) => lstatSync(path.join(root, file)).isFile());
}

function copySources(from: string, to: string): void {
  for (const file of sourcesOf(from)) {
    const target = path.join(to, file);
    mkdirSync(path.dirname(target), { recursive: true });
    copyFileSync(path.join(from, file), target);
  }
}

function linkInstalled(from: string, to: string): void {
  const own = workspacesOf(to);
  const installed = path.join(from, "node_modules");
  const modules = path.join(to, "node_modules");
  mkdirSync(path.join(modules, "@chasqui"), { recursive: true });
  for (const entry of readdirSync(installed)) {
    if (entry === "@chasqui" || own.has(entry) || entry.startsWith(".chasqui")) continue;
    symlinkSync(path.join(installed, entry), path.join(modules, entry));
  }
  for (const [name, folder] of own)
    symlinkSync(path.join(to, folder), path.join(modules, name), "dir");
}

/** Names of our packages and their folders. */
function workspacesOf(root: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const group of ["libs", "services"])
    for (const entry of readdirSync(path.join(root, group))) {
      const manifest = path.join(root, group, entry, "package.json");
      if (!existsSync(manifest)) continue;
      const { name } = JSON.parse(readFileSync(manifest, "utf8")) as { name: string };
      names.set(name, `${group}/${entry}`);
    }
  return names;
}

/** A nats-server that was fetched into the clone is not fetched again. */
function linkServers(from: string, to: string): void {
  const bin = path.join(from, ".chasqui/bin");
  if (!existsSync(bin)) return;
  mkdirSync(path.join(to, ".chasqui"));
  symlinkSync(bin, path.join(to, ".chasqui/bin"), "dir");
}
