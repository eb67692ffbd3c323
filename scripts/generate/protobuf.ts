// TypeScript from the .proto files, by buf and protoc-gen-es, made in a temporary folder.
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { runChild } from "../child.ts";
import { readFolder } from "./files.ts";

const BUF_MS_MAX = 60_000;
/** Where proto/buf.gen.yaml puts it. */
export const PROTOBUF_FOLDER = "libs/contracts/src/gen";

export async function generateProtobuf(root: string): Promise<Map<string, string>> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "chasqui-generate-"));
  try {
    const binaries = path.join(root, "node_modules/.bin");
    // buf.gen.yaml says ../libs/…, from the folder proto; the output folder takes the place of that one.
    const result = await runChild({
      command: path.join(binaries, "buf"),
      args: ["generate", "--output", path.join(folder, "proto")],
      cwd: path.join(root, "proto"),
      timeoutMs: BUF_MS_MAX,
      env: { PATH: `${binaries}${path.delimiter}${process.env.PATH ?? ""}` },
      live: false,
    });
    if (result.code !== 0)
      throw new Error(`buf generate ended with code ${result.code}: ${result.output}`);
    const files = await readFolder(folder, PROTOBUF_FOLDER);
    if (files.size === 0) throw new Error(`buf generate made no file below ${PROTOBUF_FOLDER}`);
    return files;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
