// `npm run generate`: everything that is generated and committed, from what people write.
//   libs/contracts/src/gen         from proto/
//   docs/topology.md               from libs/contracts/src/topology.ts and access.ts
//   libs/dag/schema/…              from libs/dag, for editors
// With `--check` nothing is written: exit code 1 when something is not current.
import path from "node:path";
import { dagJsonSchema } from "../libs/dag/src/index.ts";
import { formatted } from "./formatted.ts";
import { driftOf, repair, type GeneratedFiles } from "./generate/files.ts";
import { generateProtobuf, PROTOBUF_FOLDER } from "./generate/protobuf.ts";
import { topologyPage } from "./generate/topology-page.ts";

const TOPOLOGY_PAGE = "docs/topology.md";
const DAG_SCHEMA_FOLDER = "libs/dag/schema";
const DAG_SCHEMA = `${DAG_SCHEMA_FOLDER}/dag.schema.json`;

export async function generateAll(root: string): Promise<GeneratedFiles> {
  const protobuf = await generateProtobuf(root);
  const schema = await formatted(root, DAG_SCHEMA, JSON.stringify(dagJsonSchema()));
  return {
    contents: new Map([...protobuf, [TOPOLOGY_PAGE, topologyPage()], [DAG_SCHEMA, schema]]),
    folders: [PROTOBUF_FOLDER, DAG_SCHEMA_FOLDER],
  };
}

async function main(root: string, args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== "--check");
  if (unknown !== undefined) {
    console.error(`generate: ${JSON.stringify(unknown)}: want nothing or --check`);
    return 2;
  }
  const wanted = await generateAll(root);
  const drift = await driftOf(root, wanted);
  if (args.includes("--check")) {
    for (const { path: file, what } of drift) console.error(`${file}: ${what}`);
    if (drift.length > 0) console.error("not current: run `npm run generate` and commit");
    return drift.length > 0 ? 1 : 0;
  }
  await repair(root, wanted, drift);
  for (const { path: file, what } of drift)
    console.log(`${what === "too much" ? "removed" : "wrote"} ${file}`);
  if (drift.length === 0) console.log("everything was current");
  return 0;
}

if (import.meta.main)
  process.exitCode = await main(path.dirname(import.meta.dirname), process.argv.slice(2));
