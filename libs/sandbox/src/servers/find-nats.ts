// Where nats-server comes from: the setting CHASQUI_NATS_SERVER, PATH, the folders where systems keep it,
// our own folder, Debian's package, Docker, in this order; else an error that says what to do.
import { constants } from "node:fs";
import { access, readdir } from "node:fs/promises";
import path from "node:path";
import { runCommand } from "./command.ts";
import { fetchDebianNats } from "./debian-nats.ts";
import { type OnWait, tellWhileWaiting } from "./wait.ts";

const VERSION_MIN = { major: 2, minor: 9 } as const;
const DOCKER_IMAGE = "nats:2.10-alpine";
const SYSTEM_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

export type NatsProgram =
  | { readonly kind: "binary"; readonly path: string }
  | { readonly kind: "docker"; readonly image: string };

export interface FindNatsOptions {
  /** The folder for what is downloaded: `.chasqui` of the clone. */
  readonly home: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Folders looked into after PATH. */
  readonly systemFolders?: readonly string[];
  readonly onWait?: OnWait | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Undefined when `file` is a nats-server that we can use, else why not. */
async function refusal(file: string): Promise<string | undefined> {
  const isExecutable = await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isExecutable) return `${file}: no such program`;
  const { ok, output } = await runCommand(file, ["--version"], { timeoutMs: 10_000 });
  const version = /v(\d+)\.(\d+)\.\d+/.exec(output);
  if (!ok || version === null) return `${file} --version: ${output.slice(0, 200) || "no answer"}`;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const { major: majorMin, minor: minorMin } = VERSION_MIN;
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return undefined;
  return `${file} is ${version[0]}: want v${majorMin}.${minorMin} or later`;
}

async function foldersOf({ home, env = process.env, systemFolders }: FindNatsOptions) {
  const onPath = (env.PATH ?? "").split(path.delimiter).filter((folder) => folder !== "");
  if (systemFolders !== undefined) return [...onPath, ...systemFolders, path.join(home, "bin")];
  const inOpt = await readdir("/opt").catch(() => []);
  const opt = inOpt.flatMap((name) => [path.join("/opt", name), path.join("/opt", name, "bin")]);
  return [...onPath, ...SYSTEM_FOLDERS, ...opt, path.join(home, "bin")];
}

/** Docker's image when an engine answers, pulled; else why not. */
async function viaDocker({ env = process.env, onWait, signal }: FindNatsOptions) {
  const docker = (args: string[], timeoutMs: number) =>
    runCommand("docker", args, { timeoutMs, env, signal });
  const engine = await docker(["version", "--format", "{{.Server.Version}}"], 10_000);
  if (!engine.ok) return { reason: `docker: ${engine.output.split("\n").at(-1) ?? "no answer"}` };
  const image = env.CHASQUI_NATS_IMAGE ?? DOCKER_IMAGE;
  const present = await docker(["image", "inspect", image], 10_000);
  if (!present.ok) {
    const pulling = docker(["pull", "--quiet", image], 300_000);
    const pulled = await tellWhileWaiting(pulling, () => `pulling the image ${image}`, onWait);
    if (!pulled.ok) return { reason: `docker pull ${image}: ${pulled.output.slice(-300)}` };
  }
  return { image };
}

export async function findNatsServer(options: FindNatsOptions): Promise<NatsProgram> {
  const { home, env = process.env, onWait, signal } = options;
  const named = env.CHASQUI_NATS_SERVER;
  if (named !== undefined && named !== "") {
    const reason = await refusal(named);
    if (reason === undefined) return { kind: "binary", path: named };
    throw new Error(`CHASQUI_NATS_SERVER=${named}: want the path of a nats-server; ${reason}`);
  }
  const reasons: string[] = [];
  for (const folder of new Set(await foldersOf(options))) {
    const file = path.join(folder, "nats-server");
    const reason = await refusal(file);
    if (reason === undefined) return { kind: "binary", path: file };
    if (!reason.endsWith("no such program")) reasons.push(reason);
  }
  const debian = await fetchDebianNats({ home, env, onWait, signal });
  if ("path" in debian) {
    const reason = await refusal(debian.path);
    if (reason === undefined) return { kind: "binary", path: debian.path };
    reasons.push(reason);
  } else reasons.push(debian.reason);
  const docker = await viaDocker(options);
  if ("image" in docker) return { kind: "docker", image: docker.image };
  reasons.push(docker.reason);
  throw new Error(
    [
      `no nats-server ${VERSION_MIN.major}.${VERSION_MIN.minor} or later found. Looked on PATH, in ` +
        `${SYSTEM_FOLDERS.join(", ")}, /opt and ${path.join(home, "bin")}; then:`,
      ...reasons.map((reason) => `  - ${reason}`),
      "What to do, one of: install nats-server (a package of most systems; `brew install nats-server`); " +
        `put the program at ${path.join(home, "bin/nats-server")}; set CHASQUI_NATS_SERVER to its path; start Docker.`,
    ].join("\n"),
  );
}
