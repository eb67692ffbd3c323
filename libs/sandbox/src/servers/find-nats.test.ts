// Where nats-server is looked for, and in which order; apt and Docker are scripts here.
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { findNatsServer } from "./find-nats.ts";

const server = (version: string): string => `#!/bin/sh\necho "nats-server: v${version}"\n`;
// Leaves a package where `apt-get download` would; the "package" is the program itself.
const APT = `#!/bin/sh
case "$*" in
  *download*) printf '%s' '${server("2.9.10")}' > nats-server_2.9.10-1_amd64.deb ;;
esac
`;
const DPKG = `#!/bin/sh
mkdir -p "$3/usr/sbin" && cp "$2" "$3/usr/sbin/nats-server" && chmod +x "$3/usr/sbin/nats-server"
`;

async function setup() {
  const root = await mkdtemp(path.join(tmpdir(), "chasqui-find-"));
  const folder = (name: string): string => path.join(root, name);
  const program = async (file: string, text: string): Promise<string> => {
    const target = folder(file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, text);
    await chmod(target, 0o755);
    return target;
  };
  const find = (env: Record<string, string> = {}) =>
    findNatsServer({
      home: folder("home"),
      env: { PATH: `${folder("path")}:/usr/bin:/bin`, ...env },
      systemFolders: [folder("sbin")],
    });
  // What stands on PATH before the real ones: no apt, no Docker, unless a test brings them.
  await program("path/apt-get", "#!/bin/sh\nexit 1\n");
  await program("path/docker", "#!/bin/sh\necho 'Cannot connect to the Docker daemon'\nexit 1\n");
  return {
    folder,
    program,
    find,
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

test("the setting comes before PATH, PATH before the system's folders, those before ours", async () => {
  await using t = await setup();
  const ours = await t.program("home/bin/nats-server", server("2.9.0"));
  expect(await t.find()).toEqual({ kind: "binary", path: ours });
  const system = await t.program("sbin/nats-server", server("2.11.4"));
  expect(await t.find()).toEqual({ kind: "binary", path: system });
  const onPath = await t.program("path/nats-server", server("2.10.1"));
  expect(await t.find()).toEqual({ kind: "binary", path: onPath });
  const named = await t.program("elsewhere/nats", server("2.15.1"));
  const env = { CHASQUI_NATS_SERVER: named };
  expect(await t.find(env)).toEqual({ kind: "binary", path: named });
});

test("a setting that names no nats-server is an error, not a reason to look elsewhere", async () => {
  await using t = await setup();
  await t.program("path/nats-server", server("2.10.1"));
  const nothing = { CHASQUI_NATS_SERVER: t.folder("nothing") };
  await expect(t.find(nothing)).rejects.toThrow(/CHASQUI_NATS_SERVER=.*nothing: no such program/);
  const other = await t.program("other", "#!/bin/sh\necho something else\n");
  const wrong = { CHASQUI_NATS_SERVER: other };
  await expect(t.find(wrong)).rejects.toThrow(/other --version: something else/);
});

test("a server that is too old is passed over", async () => {
  await using t = await setup();
  await t.program("path/nats-server", server("2.8.4"));
  const ours = await t.program("home/bin/nats-server", server("2.9.10"));
  expect(await t.find()).toEqual({ kind: "binary", path: ours });
});

test("else Debian's package is unpacked into our folder, and found there the next time", async () => {
  await using t = await setup();
  await t.program("path/apt-get", APT);
  await t.program("path/dpkg-deb", DPKG);
  const expected = { kind: "binary", path: t.folder("home/bin/nats-server") };
  expect(await t.find()).toEqual(expected);
  await t.program("path/apt-get", "#!/bin/sh\nexit 1\n");
  expect(await t.find()).toEqual(expected);
});

test("else Docker, when an engine answers", async () => {
  await using t = await setup();
  await t.program("path/docker", "#!/bin/sh\nexit 0\n");
  expect(await t.find({ CHASQUI_NATS_IMAGE: "nats:test" })).toEqual({
    kind: "docker",
    image: "nats:test",
  });
});

test("else an error says what was tried and what to do", async () => {
  await using t = await setup();
  await t.program("path/nats-server", server("2.8.4"));
  const error: unknown = await t.find().catch((thrown: unknown) => thrown);
  const message = error instanceof Error ? error.message : "";
  expect(message).toMatch(/is v2\.8\.4: want v2\.9 or later/);
  expect(message).toMatch(/no apt-get on this system/);
  expect(message).toMatch(/Cannot connect to the Docker daemon/);
  expect(message).toMatch(/What to do, one of: install nats-server/);
});
