// A repository that is not ours: an empty folder with the files that docs/other-repositories.md shows, our tarballs
// installed into it by npm, and commands run there as somebody would type them.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runChild } from "../../scripts/child.ts";
import { packAll, type Packed } from "../../scripts/pack.ts";
import type { Block } from "../docs/support/pages.ts";
import { temporaryFolder } from "../support/index.ts";
import { bringThirdParties, thirdPartiesOf } from "./third-parties.ts";

const COMMAND_MS_MAX = 60_000;

export interface Outside extends AsyncDisposable {
  readonly folder: string;
  write(file: string, text: string): void;
  /** Runs a line of shell to its end. */
  type(command: string, env?: Readonly<Record<string, string>>): Promise<Typed>;
  /** Starts what stays; resolves when it printed the words. Ended with the folder, if not before. */
  startUntil(
    words: string,
    command: string,
    env: Readonly<Record<string, string>>,
  ): Promise<ChildProcess>;
}

export interface Typed {
  readonly code: number;
  readonly out: string;
}

/** The files, and our packages installed beside them. */
export async function openOutside(root: string, files: readonly Block[]): Promise<Outside> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = stack.use(await temporaryFolder("outside")).path;
    const outside = createOutside(folder, stack);
    for (const { info, text } of files)
      outside.write(/file=(\S+)/.exec(info)?.[1] ?? "unnamed", `${text}\n`);
    const packed = await packAll(path.join(folder, ".tarballs"));
    await install(root, folder, packed);
    return outside;
  } catch (thrown) {
    await stack.disposeAsync();
    throw thrown;
  }
}

async function install(root: string, folder: string, packed: readonly Packed[]): Promise<void> {
  const libs = packed.map(({ name }) => path.join(root, "node_modules", name));
  bringThirdParties([folder, ...libs].flatMap(thirdPartiesOf), { from: root, to: folder });
  const args = ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"];
  const files = packed.map(({ file }) => file);
  const { code, output } = await runChild({
    command: "npm",
    args: [...args, ...files],
    cwd: folder,
    timeoutMs: COMMAND_MS_MAX,
    live: false,
  });
  if (code !== 0) throw new Error(`npm install ended with ${code}:\n${output}`);
}

function createOutside(folder: string, stack: AsyncDisposableStack): Outside {
  const bin = path.join(folder, "node_modules/.bin");
  const environment = {
    PATH: [bin, path.dirname(process.execPath), process.env["PATH"]].join(":"),
  };
  return {
    folder,
    write(file, text) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
    },
    async type(command, env = {}) {
      const line = command.replace(/^npx /, ""); // a local program, which PATH finds without npm's second
      const { code, output } = await runChild({
        command: "sh",
        args: ["-c", line],
        cwd: folder,
        env: { ...environment, NO_COLOR: "1", ...env },
        timeoutMs: COMMAND_MS_MAX,
        live: false,
      });
      return { code, out: output };
    },
    async startUntil(words, command, env) {
      const [program = "", ...args] = command.split(" ");
      const child = spawn(program, args, {
        cwd: folder,
        env: { ...process.env, ...environment, CHASQUI_EXIT_WITH_PARENT: "1", ...env },
        stdio: ["pipe", "pipe", "pipe"],
      });
      stack.defer(() => void child.kill("SIGKILL"));
      let printed = "";
      const said = Promise.withResolvers<void>();
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => {
          printed += text;
          if (printed.includes(words)) said.resolve();
        });
      void once(child, "exit").then(() =>
        said.reject(new Error(`${command} ended before it said ${words}:\n${printed}`)),
      );
      await said.promise;
      return child;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
