// The description that a Vertex AI client is left with says the same as the whole one, about what the client uses.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { onlyWhatIsNamed, type ProtoNode } from "./lean-vertex.ts";

const require = createRequire(import.meta.url);
const fileOf = (name: string): string => require.resolve(`@google-cloud/aiplatform/build/${name}`);

interface Type {
  encode(value: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  fromObject(value: object): object;
  toObject(value: object, options: object): unknown;
}
interface Root {
  resolveAll(): Root;
  lookupType(name: string): Type;
  lookup(name: string): unknown;
  lookupService(name: string): { methods: object };
}

function setUp(client: string) {
  const text = readFileSync(fileOf(`src/v1/${client}_client.js`), "utf8");
  const all: ProtoNode = JSON.parse(readFileSync(fileOf("protos/protos.json"), "utf8"));
  const lean = onlyWhatIsNamed(all, text);
  const { Root }: { Root: { fromJSON(json: ProtoNode): Root } } = require("protobufjs");
  return { text, all, lean, rootOf: (json: ProtoNode) => Root.fromJSON(json).resolveAll() };
}

test.each(["job_service", "pipeline_service", "model_service"])(
  "%s: every type that is left is whole, every name in the client is there, and it is small",
  (client) => {
    const t = setUp(client);
    const root = t.rootOf(t.lean); // throws on a field whose type is gone
    const names = new Set(t.text.match(/google\.cloud\.aiplatform\.v1\.[A-Z]\w*/g));
    expect(names.size).toBeGreaterThan(2);
    for (const name of names) expect([name, root.lookup(name)]).not.toEqual([name, null]);
    expect(JSON.stringify(t.lean).length).toBeLessThan(JSON.stringify(t.all).length / 4);
  },
);

test("a custom job has the same bytes", () => {
  const t = setUp("job_service");
  const job = {
    parent: "projects/p/locations/l",
    customJob: {
      displayName: "att-1",
      labels: { chasqui_attempt: "att-1" },
      jobSpec: {
        scheduling: { timeout: { seconds: "3600" }, restartJobOnWorkerRestart: false },
        workerPoolSpecs: [
          {
            replicaCount: "1",
            machineSpec: { machineType: "n1-standard-4", acceleratorType: "NVIDIA_TESLA_T4" },
            containerSpec: { imageUri: "registry.example/train", env: [{ name: "A", value: "b" }] },
          },
        ],
      },
      state: "JOB_STATE_RUNNING",
    },
  };
  const [whole, lean] = [t.all, t.lean].map((json) => {
    const type = t.rootOf(json).lookupType("google.cloud.aiplatform.v1.CreateCustomJobRequest");
    const bytes = type.encode(type.fromObject(job)).finish();
    return { bytes, back: type.toObject(type.decode(bytes), { enums: String, longs: String }) };
  });
  expect(lean?.bytes).toEqual(whole?.bytes);
  expect(lean?.back).toEqual(whole?.back);
  expect(lean?.back).toMatchObject({ customJob: { state: "JOB_STATE_RUNNING" } });
});
