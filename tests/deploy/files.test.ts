// skaffold.yaml, Dockerfile, docker-compose.yml, Jenkinsfile, sonar-project.properties, the dashboard and the rights of
// k8s-runner: every path exists, every name is one that something else knows.
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { targetsIn } from "../../scripts/bundle/targets.ts";
import {
  asManifest,
  at,
  isTree,
  listAt,
  overlays,
  podOf,
  readYaml,
  root,
  textAt,
  yamlBelow,
} from "./support/manifests.ts";

const read = (file: string): string => readFileSync(path.join(root, file), "utf8");
const skaffold = readYaml("skaffold.yaml")[0];
const artifacts = listAt(skaffold, "build", "artifacts");

test("every YAML file below deploy/ can be read", () => {
  const files = yamlBelow("deploy");
  expect(files.length).toBeGreaterThan(15);
  for (const file of files) expect(readYaml(file).length, file).toBeGreaterThan(0);
});

test("skaffold builds an image for each bundle, and every image of ours in Kubernetes is one of them", () => {
  const images = artifacts.map((artifact) => textAt(artifact, "image"));
  const services = globSync("services/*/package.json", { cwd: root }).map((file) =>
    path.basename(path.dirname(file)),
  );
  expect(images.toSorted()).toEqual(
    [...services, "chasqui"].map((name) => `chasqui-${name}`).toSorted(),
  );
  const used = yamlBelow("deploy/kubernetes/base")
    .flatMap(readYaml)
    .flatMap((manifest) => listAt(podOf(manifest), "containers"))
    .map((container) => textAt(container, "image"))
    .filter((image) => image !== "");
  expect(new Set(used)).toEqual(new Set(images));
  for (const artifact of artifacts) {
    expect(existsSync(path.join(root, textAt(artifact, "docker", "dockerfile")))).toBe(true);
    const service = textAt(artifact, "docker", "buildArgs", "SERVICE");
    expect(textAt(artifact, "image")).toBe(`chasqui-${service}`);
  }
  const bundles = new Set([...targetsIn(root).map(({ name }) => name), ...services]);
  for (const name of services) expect(bundles.has(name), name).toBe(true);
});

test("skaffold has a profile per environment, with paths that exist", () => {
  const profiles = listAt(skaffold, "profiles");
  expect(profiles.map((profile) => textAt(profile, "name"))).toEqual([...overlays]);
  for (const profile of profiles) {
    const name = textAt(profile, "name");
    expect(at(profile, "manifests", "kustomize", "paths")).toEqual([
      `deploy/kubernetes/overlays/${name}`,
    ]);
    expect(existsSync(path.join(root, `environments/${name}.yaml`))).toBe(true);
    expect(JSON.stringify(at(profile, "deploy", "kubectl", "hooks"))).toContain(
      `"chasqui-${name}"`,
    );
  }
});

test("the Dockerfile copies what exists, and everything that the bundler reads", () => {
  const lines = read("deploy/Dockerfile").split("\n");
  expect(lines.filter((line) => line.startsWith("FROM ${BASE} AS ")).length).toBe(2);
  expect(lines).toContain("USER 10001:10001");
  const kept = read("deploy/Dockerfile.dockerignore")
    .split("\n")
    .filter((line) => line.startsWith("!"))
    .map((line) => line.slice(1));
  for (const name of kept) expect(existsSync(path.join(root, name)), name).toBe(true);
  for (const name of ["package.json", "package-lock.json", "libs", "services", "scripts"])
    expect(kept).toContain(name);
});

test("compose: servers listen on this machine only, files exist, volumes are declared", () => {
  const compose = readYaml("docker-compose.yml")[0];
  const services = at(compose, "services");
  expect(isTree(services) ? Object.keys(services) : []).toEqual([
    "nats",
    "postgres",
    "jaeger",
    "mail-catcher",
  ]);
  for (const service of Object.values(isTree(services) ? services : {})) {
    const ports = at(service, "ports");
    for (const port of Array.isArray(ports) ? ports : [])
      expect(String(port)).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    const volumes = at(service, "volumes");
    for (const volume of Array.isArray(volumes) ? volumes : []) {
      const [from = ""] = String(volume).split(":");
      if (from.startsWith("./")) expect(statSync(path.join(root, from)).isDirectory()).toBe(true);
      else expect(at(compose, "volumes"), from).toHaveProperty(from);
    }
    expect(textAt(service, "image")).toMatch(/^[a-z/-]+:[\w.-]+$/);
  }
});

test("the Jenkinsfile tests first, and deploys only profiles that skaffold has", () => {
  const text = read("Jenkinsfile");
  const stages = [...text.matchAll(/stage\('(\w+)'\)/g)].map((match) => match[1]);
  expect(stages).toEqual(["Checkout", "Test", "DAGs", "Sonar", "Images", "Approve", "Deploy"]);
  const profiles = [...text.matchAll(/(?:return|\?) '(\w+)'/g)].map((match) => match[1]);
  expect(profiles.toSorted()).toEqual([...overlays].toSorted());
  expect(text).toContain(": 'none'");
  for (const [, script = ""] of text.matchAll(/sh '(\.[^' ]+)'/g))
    expect(existsSync(path.join(root, script)), script).toBe(true);
  const open = text.replaceAll(/'[^']*'|"[^"]*"|\/\/.*|\/[^/\n]+\//g, "");
  expect(open.split("{").length).toBe(open.split("}").length);
});

test("what validate finds is written where Sonar and Jenkins read it", () => {
  const jenkins = read("Jenkinsfile");
  const wanted = /externalIssuesReportPaths=(\S+)/.exec(read("sonar-project.properties"))?.[1];
  expect(jenkins).toContain(`--report sonar > ${wanted}`);
  const junit = /--report junit > (\S+?)'/.exec(jenkins)?.[1];
  expect(jenkins).toContain(`testResults: '${junit}'`);
});

test("sonar reads folders that exist", () => {
  const properties = new Map(
    read("sonar-project.properties")
      .split("\n")
      .filter((line) => /^[a-z]/.test(line))
      .map((line): [string, string] => {
        const at_ = line.indexOf("=");
        return [line.slice(0, at_), line.slice(at_ + 1)];
      }),
  );
  for (const key of ["sonar.sources", "sonar.tests", "sonar.typescript.tsconfigPaths"])
    for (const name of properties.get(key)?.split(",") ?? ["(missing)"])
      expect(existsSync(path.join(root, name)), `${key}: ${name}`).toBe(true);
});

test("the dashboard asks for metrics that the code makes", () => {
  const code = globSync("{libs,services}/*/src/**/*.ts", { cwd: root })
    .filter((file) => !file.includes(".test."))
    .map(read)
    .join("\n");
  const made = new Map<string, string>();
  const calls =
    /(?:\.|create)(counter|histogram|gauge|ObservableCounter|ObservableGauge)\(\s*"(chasqui\.[a-z.]+)",\s*(?:\{ unit: )?"([^"]+)"/g;
  for (const [, kind = "", name = "", unit = ""] of code.matchAll(calls)) {
    const base = name.replaceAll(".", "_") + (unit === "s" ? "_seconds" : "");
    made.set(
      /counter/i.test(kind) ? `${base}_total` : kind === "histogram" ? `${base}_bucket` : base,
      name,
    );
  }
  const asked = [...read("deploy/grafana/chasqui.json").matchAll(/chasqui_[a-z_]+/g)].map(
    ([name]) => name,
  );
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((name) => !made.has(name))).toEqual([]);
  expect([...made.keys()].filter((name) => !asked.includes(name))).toEqual([]);
});

/** Requests of k8s-runner, as its code spells them → what they need. */
const rights: Readonly<Record<string, string>> = {
  "GET pods": "pods list",
  "POST pods": "pods create",
  "GET podPath(name)": "pods get",
  "PATCH podPath(name)": "pods patch",
  "DELETE podPath(name)": "pods delete",
  "GET `${base}/events`": "events list",
  startPodInformer: "pods watch",
  readPodLog: "pods/log get",
};

const rulesOf = (role: string) =>
  readYaml("deploy/kubernetes/base/access.yaml")
    .map(asManifest)
    .filter(({ kind, metadata }) => kind === "Role" && metadata.name === role)
    .flatMap((manifest) => listAt(manifest, "rules"));

test("sensor-runner may read one resource at a time, and never a secret", () => {
  const rules = rulesOf("sensor-runner");
  expect(rules.length).toBeGreaterThan(0);
  for (const rule of rules) expect(rule["verbs"]).toEqual(["get"]);
  expect(rules.flatMap((rule) => rule["resources"])).not.toContain("secrets");
  expect(rules.flatMap((rule) => rule["resources"])).not.toContain("*");
});

test("k8s-runner may do what it does, and nothing else", () => {
  const code = read("services/k8s-runner/src/ports/kube-cluster.ts");
  const requests = [...code.matchAll(/method: "(\w+)", path: (`[^`]+`|[^,}\s]+)/g)];
  const calls = [...code.matchAll(/=> (startPodInformer|readPodLog)\(/g)];
  const done = [
    ...requests.map(([, method, where]) => `${method} ${where}`),
    ...calls.map(([, call]) => String(call)),
  ];
  expect(done.filter((one) => rights[one] === undefined)).toEqual([]);
  const allowed = rulesOf("k8s-runner").flatMap((rule) =>
    [rule["resources"]]
      .flat()
      .flatMap((resource) =>
        [rule["verbs"]].flat().map((verb) => `${String(resource)} ${String(verb)}`),
      ),
  );
  expect(allowed.toSorted()).toEqual([...new Set(done.map((one) => rights[one]))].toSorted());
});
