// An embedded nats-server under rough hands.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, inject, test } from "vitest";
import { startNats } from "./nats-server.ts";
import { addStream, closeOf, connectTo, nodeProcess, requestNats, streamNames } from "./testing.ts";
import "../../../../tests/support/index.ts";

async function folder() {
  const dir = await mkdtemp(path.join(tmpdir(), "chasqui-nats-"));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

const program = inject("natsProgram");
const users = (password: string): string =>
  `accounts { A: { jetstream: enabled, users: [ { user: ana, password: ${password} } ] } }`;
test("a killed server comes back on its port with its streams", async () => {
  await using at = await folder();
  await using nats = await startNats({ program, dir: at.dir });
  const { port } = nats;
  await addStream(nats, "KEPT");
  const seen = closeOf(await connectTo(nats.port));
  await nats.killAndRestart();
  await seen;
  expect(nats.port).toBe(port);
  expect(await streamNames(nats)).toEqual(["KEPT"]);
});

test("a second start finds the streams of the first", async () => {
  await using at = await folder();
  {
    await using first = await startNats({ program, dir: at.dir });
    await addStream(first, "KEPT");
  }
  await using second = await startNats({ program, dir: at.dir });
  expect(await streamNames(second)).toEqual(["KEPT"]);
});

test("a wiped store is an empty one", async () => {
  await using at = await folder();
  await using nats = await startNats({ program, dir: at.dir });
  await addStream(nats, "LOST");
  await nats.wipeStore();
  expect(await streamNames(nats)).toEqual([]);
});

test("a paused server answers nobody until it is resumed, and can be stopped meanwhile", async () => {
  await using at = await folder();
  await using nats = await startNats({ program, dir: at.dir });
  await using elsewhere = await folder();
  await using other = await startNats({ program, dir: elsewhere.dir });
  await nats.pause();
  let isAnswered = false;
  const names = streamNames(nats).then((list) => {
    isAnswered = true;
    return list;
  });
  for (let trips = 0; trips < 10; trips += 1) await streamNames(other); // a running one answers meanwhile
  expect(isAnswered).toBe(false);
  await nats.resume();
  expect(await names).toEqual([]);
  await nats.pause();
  await nats.stop();
  await nats.stop();
});

test("accounts are reloaded while it runs; a bad text is refused and changes nothing", async () => {
  await using at = await folder();
  await using nats = await startNats({ program, dir: at.dir, accounts: users("one") });
  const login = (password: string) => ({ port: nats.port, user: "ana", password });
  await expect(streamNames(login("two"))).rejects.toThrow("Authorization Violation");
  await nats.reload(users("two"));
  expect(await streamNames(login("two"))).toEqual([]);
  await expect(nats.reload("accounts { A")).rejects.toThrow("Failed to reload");
  await nats.killAndRestart();
  expect(await streamNames(login("two"))).toEqual([]);
});

test("a taken port is named, with its setting", async () => {
  await using at = await folder();
  await using nats = await startNats({ program, dir: at.dir, monitorPort: 0 });
  await using other = await folder();
  const again = startNats({ program, dir: other.dir, port: nats.port, portSetting: "NATS_PORT" });
  await expect(again).rejects.toThrow(
    `port ${nats.port} of 127.0.0.1 is taken by another program: stop that one, or choose another port with NATS_PORT`,
  );
  const monitorPort = Number(new URL(nats.monitorUrl ?? "").port);
  const monitored = startNats({
    program,
    dir: other.dir,
    monitorPort,
    monitorPortSetting: "MONITOR_PORT",
  });
  await expect(monitored).rejects.toThrow(`choose another port with MONITOR_PORT`);
});

test("a configuration that the server refuses is told in its words", async () => {
  await using at = await folder();
  const start = startNats({ program, dir: at.dir, accounts: "nonsense: true" });
  await expect(start).rejects.toThrow(/did not start: .*nonsense/s);
});

test("it is gone when its owner is killed", async () => {
  await using at = await folder();
  const source = `
    import { startNats } from ${JSON.stringify(path.join(import.meta.dirname, "nats-server.ts"))};
    const options = ${JSON.stringify({ program, dir: at.dir })};
    console.log((await startNats(options)).port);
  `;
  const owner = nodeProcess(source);
  const port = Number(await owner.line());
  const socket = await connectTo(port);
  const gone = closeOf(socket);
  owner.kill();
  await gone;
  // A process that dies closes its sockets one after another: the port may be the last.
  const answer = (): Promise<string> =>
    connectTo(port).then((again) => (again.destroy(), "connected"), String);
  await expect.poll(answer).toContain("ECONNREFUSED");
});

test("in a container it is started, signalled and stopped through Docker", async () => {
  await using at = await folder();
  // A docker that runs the container's command on this machine and keeps a note of its process.
  const docker = path.join(at.dir, "docker");
  const binary = program.kind === "binary" ? program.path : "nats-server";
  const script = `#!/bin/sh
cd ${at.dir}
case "$1" in
  run) while [ "$1" != "-c" ]; do [ "$1" = "--name" ] && name=$2; shift; done
       echo $$ > "$name.pid"; exec ${binary} "$@" ;;
  kill) echo "$*" >> kills; kill -s "\${3#SIG}" "$(cat "$4.pid")" ;;
  *) exit 0 ;;
esac
`;
  await writeFile(docker, script, { mode: 0o755 });
  const before = process.env.PATH;
  process.env.PATH = `${at.dir}:${before}`;
  try {
    await using nats = await startNats({
      program: { kind: "docker", image: "nats:x" },
      dir: path.join(at.dir, "data"),
    });
    await addStream(nats, "KEPT");
    await nats.killAndRestart();
    expect(await requestNats(nats, "$JS.API.STREAM.NAMES", "")).toContain("KEPT");
    await nats.stop();
    expect(await readFile(path.join(at.dir, "kills"), "utf8")).toMatch(
      /^kill --signal SIGKILL chasqui-nats-\S+\nkill --signal SIGTERM chasqui-nats-/,
    );
  } finally {
    process.env.PATH = before;
  }
});
