// Debian's package of nats-server, unpacked into a folder of ours: no root, nothing installed. apt works on
// a private state (its own lists and cache), reads the system's sources and settings, and checks signatures.
import { mkdir, mkdtemp, readdir, rename, rm, stat, symlink } from "node:fs/promises";
import path from "node:path";
import { runCommand } from "./command.ts";
import { type OnWait, tellWhileWaiting } from "./wait.ts";

const APT_MS_MAX = 300_000;

export interface DebianOptions {
  /** Where the binary shall be: `<home>/bin/nats-server`. */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onWait?: OnWait | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The path of the binary, or why there is none. */
export type DebianResult = { readonly path: string } | { readonly reason: string };

async function bytesBelow(dir: string): Promise<number> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map((file) =>
    stat(path.join(file.parentPath, file.name)).then(
      ({ size }) => size,
      () => 0, // apt has just renamed it
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function aptOptions(work: string): string[] {
  const settings = {
    "Dir::State": path.join(work, "state"),
    "Dir::State::status": "/var/lib/dpkg/status",
    "Dir::Cache": path.join(work, "cache"),
    "Acquire::Languages": "none",
    // As root apt would download as the user _apt, who cannot reach a folder of mode 0700.
    ...(process.getuid?.() === 0 ? { "APT::Sandbox::User": "root" } : {}),
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

async function download(work: string, options: DebianOptions): Promise<DebianResult> {
  const { env, onWait, signal } = options;
  await mkdir(path.join(work, "state/lists/partial"), { recursive: true });
  await mkdir(path.join(work, "cache/archives/partial"), { recursive: true });
  let bytes = 0;
  const measure = setInterval(() => void bytesBelow(work).then((sum) => (bytes = sum)), 500);
  const apt = (...args: string[]) =>
    tellWhileWaiting(
      runCommand("apt-get", [...aptOptions(work), ...args], {
        timeoutMs: APT_MS_MAX,
        cwd: work,
        env: { ...env, LC_ALL: "C" },
        signal,
      }),
      () => `fetching nats-server with apt: ${(bytes / 1e6).toFixed(1)} MB have arrived`,
      onWait,
    );
  try {
    // One source of many that fails makes the whole update fail; the download shows whether it mattered.
    const update = await apt("update");
    const got = await apt("download", "nats-server");
    if (got.ok) return { path: work };
    const why = `${update.ok ? "" : `${update.output}\n`}${got.output}`;
    return { reason: `apt-get download nats-server: ${why.split("\n").slice(-4).join(" | ")}` };
  } finally {
    clearInterval(measure);
  }
}

async function unpack(work: string, { home, env }: DebianOptions): Promise<DebianResult> {
  const deb = (await readdir(work)).find((name) => name.endsWith(".deb"));
  if (deb === undefined)
    return { reason: `apt-get download nats-server left no package in ${work}` };
  const root = path.join(work, "root");
  const unpacked = await runCommand("dpkg-deb", ["-x", path.join(work, deb), root], {
    timeoutMs: 60_000,
    env,
  });
  if (!unpacked.ok) return { reason: `dpkg-deb -x ${deb}: ${unpacked.output}` };
  // Whole or not at all, also when two processes do it at once: what is there already is as good.
  const place = path.join(home, deb.replace(/\.deb$/, "").replaceAll(/[^\w.+-]/g, "_"));
  await rename(root, place).catch(async (error: unknown) => {
    await stat(place).catch(() => Promise.reject(error));
  });
  const link = path.join(home, "bin/nats-server");
  await mkdir(path.dirname(link), { recursive: true });
  const fresh = path.join(work, "link");
  await symlink(path.relative(path.dirname(link), path.join(place, "usr/sbin/nats-server")), fresh);
  await rename(fresh, link);
  return { path: link };
}

export async function fetchDebianNats(options: DebianOptions): Promise<DebianResult> {
  const { home, env } = options;
  const apt = await runCommand("apt-get", ["--version"], { timeoutMs: 10_000, env });
  if (!apt.ok) return { reason: "no apt-get on this system" };
  await mkdir(home, { recursive: true });
  const work = await mkdtemp(path.join(home, "apt-"));
  try {
    const got = await download(work, options);
    return "path" in got ? await unpack(work, options) : got;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
