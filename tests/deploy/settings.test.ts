// Each service's manifest against its own settings.ts: everything that is required is set, with a value that is
// accepted, and nothing is set that nobody reads.
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { listenHosts, readEnvironmentFile } from "../../libs/chassis/src/index.ts";
import { invoke } from "../../libs/cli/src/testing/invoke.ts";
import { at, kubernetes, listAt, overlays, readYaml, root, textAt } from "./support/manifests.ts";
import { secretTable } from "./support/secrets.ts";

const services = readdirSync(path.join(root, "services"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const written = services.filter((name) => existsSync(settingsFile(name)));

function settingsFile(service: string): string {
  return path.join(root, "services", service, "src/settings.ts");
}

/** What stands behind the references of the manifests, in the shape that it has in an installation. */
const examples: Readonly<Record<string, string>> = {
  "nats-password": "a-password",
  "database-url": "postgres://service:a-password@database/chasqui",
  "nats-url": "nats://nats:4222",
  "otlp-endpoint": "http://otel-collector:4318",
  "trace-query-url": "http://jaeger-query:16686",
  "console-url": "https://chasqui.example",
  "console-grpc": "grpc.chasqui.example:443",
  environment: "prod",
};

function environmentOf(service: string): Record<string, string> {
  const files = [
    "deploy/kubernetes/base/every-service.yaml",
    `deploy/kubernetes/base/services/${service}.yaml`,
  ];
  const variables = files.flatMap((file) =>
    listAt(readYaml(file)[0], "spec", "template", "spec", "containers").flatMap((container) =>
      listAt(container, "env"),
    ),
  );
  return Object.fromEntries(
    variables.map((variable) => {
      const from = at(variable, "valueFrom");
      const key = textAt(from, "secretKeyRef", "key") || textAt(from, "configMapKeyRef", "key");
      const value = key === "" ? textAt(variable, "value") : examples[key];
      if (value === undefined) throw new Error(`${service}: no example of ${key}`);
      return [textAt(variable, "name"), value];
    }),
  );
}

/** Notes which variables are asked for. */
function watched(env: Readonly<Record<string, string>>): {
  env: NodeJS.ProcessEnv;
  read: Set<string>;
} {
  const read = new Set<string>();
  const proxy = new Proxy<Record<string, string>>(env, {
    get(target, name) {
      if (typeof name === "string") read.add(name);
      return Reflect.get(target, name);
    },
  });
  return { env: proxy, read };
}

async function settingsReader(service: string): Promise<(env: NodeJS.ProcessEnv) => unknown> {
  const module: Readonly<Record<string, unknown>> = await import(settingsFile(service));
  const read = module["readSettings"] ?? module["settingsOf"];
  if (typeof read !== "function") throw new Error(`${service}: settings.ts exports no reader`);
  return (env) => read(env);
}

test("every service has a manifest, and every manifest a service", () => {
  const files = readdirSync(path.join(kubernetes, "base/services"));
  expect(files.toSorted()).toEqual(services.map((name) => `${name}.yaml`).toSorted());
  const base = readYaml("deploy/kubernetes/base/kustomization.yaml")[0];
  for (const name of services) expect(at(base, "resources")).toContain(`services/${name}.yaml`);
  expect(written.length).toBeGreaterThanOrEqual(6);
});

test.each(written)(
  "%s: what is required is set and accepted; what is set is read",
  async (service) => {
    const { env, read } = watched(environmentOf(service));
    const settings = (await settingsReader(service))(env);
    listenHosts(env);
    expect(settings).toMatchObject({ environment: "prod", natsUser: service, healthPort: 8080 });
    const unread = Object.keys(env).filter(
      (name) => name.startsWith("CHASQUI_") && !read.has(name),
    );
    expect(unread).toEqual([]);
  },
);

test("the Job `topology` is told everything that `chasqui admin topology` wants", async () => {
  const job = readYaml("deploy/kubernetes/base/topology.yaml")[0];
  const [container] = listAt(job, "spec", "template", "spec", "containers");
  const names = listAt(container, "env").map((variable) => textAt(variable, "name"));
  const nowhere = "127.0.0.1:9"; // reached only when nothing is missing
  const values: Readonly<Record<string, string>> = {
    CHASQUI_ENVIRONMENT: "prod",
    CHASQUI_ENVIRONMENT_FILE: path.join(root, "environments/prod.yaml"),
    CHASQUI_NATS_URL: `nats://${nowhere}`,
    CHASQUI_DATABASE_ADMIN_URL: `postgres://admin@${nowhere}/chasqui`,
  };
  const env = Object.fromEntries(names.map((name) => [name, values[name] ?? "a-password"]));
  const args = at(container, "args");
  expect(args).toEqual(["admin", "topology"]);
  for (const only of ["bus", "database"]) {
    const { code, err } = await invoke(["admin", "topology", "--only", only], { env });
    expect(err).toContain(nowhere);
    expect(code, err).toBe(3);
  }
});

test("the state machine is given every policy", () => {
  const generators = listAt(
    readYaml("deploy/kubernetes/base/kustomization.yaml")[0],
    "configMapGenerator",
  );
  const generator = generators.find((one) => textAt(one, "name") === "policies");
  const files = readdirSync(path.join(root, "policies")).toSorted();
  expect(at(generator, "files")).toEqual(files.map((file) => `../../../policies/${file}`));
  const [container] = listAt(
    readYaml("deploy/kubernetes/base/services/state-machine.yaml")[0],
    ...["spec", "template", "spec", "containers"],
  );
  const mount = listAt(container, "volumeMounts").find((one) => textAt(one, "name") === "policies");
  expect(textAt(mount, "mountPath")).toBe(environmentOf("state-machine")["CHASQUI_POLICIES"]);
});

test("a missing variable is seen", async () => {
  const { CHASQUI_NATS_URL: _left, ...env } = environmentOf("scheduler");
  const read = await settingsReader("scheduler");
  expect(() => read(env)).toThrow("CHASQUI_NATS_URL is missing");
});

test("ports that are listened on are the container's, and 0.0.0.0 is spelled for each", () => {
  for (const service of services) {
    const env = environmentOf(service);
    const container = listAt(
      readYaml(`deploy/kubernetes/base/services/${service}.yaml`)[0],
      ...["spec", "template", "spec", "containers"],
    )[0];
    const named = listAt(container, "ports").map((port) => Number(port["containerPort"]));
    const listened = ["CHASQUI_GRPC", "CHASQUI_HTTP"].flatMap((prefix) => {
      const port = env[`${prefix}_PORT`];
      if (port !== undefined) expect(env[`${prefix}_HOST`], service).toBe("0.0.0.0");
      return port === undefined ? [] : [Number(port)];
    });
    expect(named.toSorted(), service).toEqual(listened.toSorted());
    for (const [name, value] of Object.entries(env)) {
      const target = /^CHASQUI_(STATE_MACHINE|SCHEDULER|REPORT_MAILER|ALERT_NOTIFIER)$/.exec(name);
      const host = target?.[1]?.toLowerCase().replaceAll("_", "-");
      if (host !== undefined) expect(value, service).toBe(`${host}:7000`);
    }
  }
});

test("every secret key that a manifest names is in deploy/README.md, and the other way round", () => {
  const named = new Set<string>();
  const keysOf = (tree: unknown): void => {
    for (const container of listAt(tree, "spec", "template", "spec", "containers"))
      for (const variable of listAt(container, "env")) {
        const secret = at(variable, "valueFrom", "secretKeyRef");
        if (secret !== undefined) named.add(`${textAt(secret, "name")}/${textAt(secret, "key")}`);
      }
  };
  for (const name of services)
    readYaml(`deploy/kubernetes/base/services/${name}.yaml`).forEach(keysOf);
  readYaml("deploy/kubernetes/base/topology.yaml").forEach(keysOf);
  const elsewhere = ["nats-accounts", "warehouse", "slack", "mail"]; // mounted, or an overlay's
  const listed = secretTable()
    .filter(({ name }) => !elsewhere.includes(name))
    .flatMap(({ name, keys }) => keys.map((key) => `${name}/${key}`));
  expect([...named].toSorted()).toEqual(listed.toSorted());
});

test.each(overlays)("%s: what its environment file refers to is mounted or set", async (name) => {
  const { connections } = await readEnvironmentFile(path.join(root, `environments/${name}.yaml`));
  const references = Object.values(connections)
    .flatMap((connection) => Object.values(connection))
    .filter((value) => typeof value === "string" && /^(env|file):/.test(value))
    .map(String);
  expect(references.length).toBeGreaterThan(0);
  const overlay = JSON.stringify(readYaml(`deploy/kubernetes/overlays/${name}/kustomization.yaml`));
  const files = JSON.stringify(
    readYaml("deploy/kubernetes/components/secret-files/kustomization.yaml"),
  );
  const missing = references.filter((reference) => {
    if (reference.startsWith("env:")) return !overlay.includes(`name: ${reference.slice(4)}`);
    const folder = path.posix.dirname(reference.slice(5));
    return !(
      overlay.includes("components/secret-files") && files.includes(`mountPath: ${folder},`)
    );
  });
  expect(missing).toEqual([]);
});

test.each(overlays)(
  "%s: pods of tasks run where k8s-runner may make them; the mail catcher is there",
  async (name) => {
    const { connections } = await readEnvironmentFile(path.join(root, `environments/${name}.yaml`));
    const overlay = readYaml(`deploy/kubernetes/overlays/${name}/kustomization.yaml`)[0];
    expect(connections["kubernetes"]?.["namespace"]).toBe(textAt(overlay, "namespace"));
    const catches = connections["mail"]?.["host"] === "mail-catcher";
    expect(JSON.stringify(at(overlay, "components")).includes("mail-catcher")).toBe(catches);
  },
);
