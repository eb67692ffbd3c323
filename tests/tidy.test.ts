// The house rules that a machine can check. Each rule is first shown a planted violation, then the project.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import {
  dependencyFindings,
  impureCode,
  impureImports,
  namelessExports,
  placesOfOurs,
  reservedImports,
  strayImports,
  tooLong,
  unfinished,
  unreplayed,
  wordless,
} from "./support/tidy/rules.ts";
import { type Manifest, readManifest, readSources, type Source } from "./support/tidy/source.ts";

const root = path.dirname(import.meta.dirname);
const code = readSources(root, ["{libs,services,scripts,tests,dags}/**/*.{ts,tsx,mjs}", "*.ts"]);
const texts = [
  ...code,
  ...readSources(root, [
    "*.{json,yaml,yml,md}",
    "{docs,deploy,dags,environments,policies,proto,services,libs,.ci}/**/*.{md,yaml,yml,json,sql,proto,sh,html,css}",
    ".ci/*",
    "Jenkinsfile",
    "deploy/**/Dockerfile*",
  ]).filter((source) => source.path !== "package-lock.json"),
];
const manifests = readSources(root, ["{libs,services}/*/package.json"]).flatMap((source) => {
  return readManifest(root, path.posix.dirname(source.path)) ?? [];
});
const serviceNames = new Set(
  manifests.filter((manifest) => manifest.path.startsWith("services/")).map(({ name }) => name),
);
const idNames = new Set(
  [
    ...readFileSync(path.join(root, "libs/contracts/src/ids.ts"), "utf8").matchAll(
      /^export (?:function|const) (\w+)/gm,
    ),
  ].map((match) => match[1] ?? ""),
);

/** Workspaces that are still being filled: what they declare and do not import yet is no finding. */
const FILLING: readonly string[] = [
  ...[
    "libs/bus",
    "libs/chassis",
    "libs/cli",
    "libs/contracts",
    "libs/dag",
    "libs/runner",
    "libs/sandbox",
  ],
  ...[
    "services/alert-notifier",
    "services/console",
    "services/k8s-runner",
    "services/report-mailer",
  ],
  ...[
    "services/scheduler",
    "services/sensor-runner",
    "services/state-machine",
    "services/vertex-runner",
  ],
];

interface Rule {
  readonly name: string;
  readonly check: (sources: readonly Source[]) => readonly string[];
  readonly sources: readonly Source[];
  readonly violations: readonly Source[];
  readonly fine: readonly Source[];
}

const at = (file: string, ...lines: string[]): Source => ({
  path: file,
  text: `${lines.join("\n")}\n`,
});
const core = "services/scheduler/src/core/decide.ts";
const machine = "libs/machine/src/run/decide.ts";
const idName = [...idNames][0] ?? "";

const rules: readonly Rule[] = [
  {
    name: "a pure folder imports only itself",
    check: (sources) => impureImports(sources, idNames),
    sources: code,
    violations: [
      at(core, 'import { sql } from "../store/sql.ts";'),
      at(core, 'import { readFileSync } from "node:fs";'),
      at(core, 'import { RunSchema } from "@chasqui/contracts";'),
      at(core, `import {`, `  ${idName},`, `  RunSchema,`, `} from "@chasqui/contracts";`),
      at(core, 'const x = await import("postgres");'),
      at(machine, 'import type { Run } from "@chasqui/contracts";'),
      at(core, 'import { sql, type Row } from "../store/sql.ts";'),
      at(machine, 'export { x } from "../../../dag/src/x.ts";'),
    ],
    fine: [
      at(core, 'import { evolve } from "@chasqui/machine";', 'import type { A } from "./a.ts";'),
      at(core, `import { ${idName} } from "@chasqui/contracts";`),
      at(core, 'import type { Row } from "../store/sql.ts";'),
      at(machine, 'import { plan } from "../plan.ts";'),
      at("services/scheduler/src/core/decide.test.ts", 'import { test } from "vitest";'),
      at("services/scheduler/src/handle.ts", 'import { readFileSync } from "node:fs";'),
    ],
  },
  {
    name: "time and chance are arguments",
    check: impureCode,
    sources: code,
    violations: [
      at(core, "const now = Date.now();"),
      at(machine, "const now = new Date();"),
      at(machine, "const n = Math.random();"),
      at(core, "const url = process.env.URL;"),
      at(core, "const id = crypto.randomUUID();"),
    ],
    fine: [
      at(core, "// never Date.now() here", "const later = new Date(now + 1);"),
      at("services/scheduler/src/handle.ts", "const now = Date.now();"),
    ],
  },
  {
    name: "nobody imports a service, nor reaches into another's folder",
    check: (sources) => strayImports(sources, serviceNames),
    sources: code,
    violations: [
      at("services/scheduler/src/main.ts", 'import { x } from "@chasqui/state-machine";'),
      at("libs/cli/src/main.ts", 'import { x } from "../../../services/console/src/x.ts";'),
      at("libs/cli/src/main.ts", 'import { x } from "../../bus/src/x.ts";'),
      at("libs/bus/src/bus.ts", 'import { TestNats } from "../../../tests/support/index.ts";'),
    ],
    fine: [
      at("services/scheduler/src/main.ts", 'import { x } from "@chasqui/bus";'),
      at("libs/bus/src/bus.it.test.ts", 'import { x } from "../../../tests/support/index.ts";'),
      at("libs/bus/src/a/b.ts", 'import { x } from "../c.ts";'),
    ],
  },
  {
    name: "nats, grpc-js and the sandbox stay in their places",
    check: reservedImports,
    sources: code,
    violations: [
      at("libs/chassis/src/x.ts", 'import { connect } from "nats";'),
      at("services/console/src/x.ts", 'import { credentials } from "@grpc/grpc-js";'),
      at("libs/cli/src/x.ts", 'import { startNats } from "@chasqui/sandbox";'),
    ],
    fine: [
      at("libs/bus/src/x.ts", 'import { connect } from "nats";'),
      at("libs/chassis/src/x.ts", 'import { credentials } from "@grpc/grpc-js";'),
      at("scripts/start.ts", 'import { startNats } from "@chasqui/sandbox";'),
      at("services/k8s-runner/src/x.it.test.ts", 'import { x } from "@chasqui/sandbox";'),
    ],
  },
  {
    name: "no file is longer than 400 lines",
    check: tooLong,
    sources: code,
    violations: [at("libs/bus/src/x.ts", ...Array.from({ length: 401 }, () => "// x"))],
    fine: [at("libs/bus/src/x.ts", ...Array.from({ length: 400 }, () => "// x"))],
  },
  {
    name: "exports have names",
    check: namelessExports,
    sources: code,
    violations: [
      at("libs/bus/src/index.ts", 'export * from "./x.ts";'),
      at("libs/bus/src/x.ts", "export default function x() {}"),
    ],
    fine: [
      at("vitest.config.ts", "export default {};"),
      at("libs/bus/src/index.ts", 'export { x } from "./x.ts";', "// export * is not used"),
      at("scripts/x.ts", "const text = `", "export default 1;", "`;"),
    ],
  },
  {
    name: "a file opens by saying what it is for",
    check: wordless,
    sources: code,
    violations: [at("libs/bus/src/x.ts", "export const x = 1;")],
    fine: [
      at("libs/bus/src/x.ts", "// The bus.", "export const x = 1;"),
      at("a.test.ts", "test();"),
    ],
  },
  {
    name: "nothing is left unfinished",
    check: unfinished,
    sources: texts,
    violations: [at("docs/x.md", ["TO", "DO: write this"].join(""))],
    fine: [at("docs/x.md", "All done.")],
  },
  {
    name: "an end-to-end file ends with the replay of its runs",
    check: unreplayed,
    sources: code,
    violations: [at("tests/e2e/x.e2e.test.ts", "replayTest(x);", "", 'test("another", f);')],
    fine: [at("tests/e2e/x.e2e.test.ts", 'test("one", f);', "", "replayTest(() => x(world()));")],
  },
  {
    name: "no file names a machine's path or a registry",
    check: placesOfOurs,
    sources: texts,
    violations: [
      at("docs/x.md", ["see https://registry.npm", "js.org/nats"].join("")),
      at("docs/x.md", ["cd /wo", "rk/main"].join("")),
    ],
    fine: [at("docs/x.md", "see https://docs.nats.io/")],
  },
];

describe.each(rules)("$name", ({ check, sources, violations, fine }) => {
  test("a violation is seen", () => {
    for (const violation of violations) expect(check([violation]), violation.text).toHaveLength(1);
    expect(check(fine)).toEqual([]);
  });

  test("the project keeps it", () => {
    expect(sources.length).toBeGreaterThan(0);
    expect(check(sources)).toEqual([]);
  });
});

describe("a workspace declares what it imports", () => {
  const rootManifest = readManifest(root, "");
  if (rootManifest === undefined) throw new Error("no package.json at the root");

  test("a violation is seen", () => {
    const manifest: Manifest = {
      path: "libs/bus",
      name: "@chasqui/bus",
      dependencies: new Set(["nats", "pino"]),
      devDependencies: new Set(),
    };
    const sources = [
      at("libs/bus/src/x.ts", 'import { connect } from "nats";', 'import fc from "fast-check";'),
      at("libs/bus/src/x.test.ts", 'import fc from "fast-check";'),
    ];
    expect(dependencyFindings(sources, [manifest], rootManifest)).toEqual({
      undeclared: ["libs/bus/src/x.ts: fast-check is not in libs/bus/package.json"],
      unused: ["libs/bus/package.json: pino is imported nowhere"],
    });
  });

  test("the project keeps it", () => {
    const { undeclared, unused } = dependencyFindings(code, manifests, rootManifest);
    expect(undeclared).toEqual([]);
    expect(unused.filter((line) => !FILLING.some((it) => line.startsWith(`${it}/`)))).toEqual([]);
  });
});

test("the lock file names no registry", () => {
  const lock = readFileSync(path.join(root, "package-lock.json"), "utf8");
  const resolved = lock.split("\n").filter((line) => /"resolved":.*:\/\//.test(line));
  expect(resolved).toEqual([]);
});
