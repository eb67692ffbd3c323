// The environments as kustomize puts them together: valid, complete, and closed in themselves.
import { expect, test } from "vitest";
import { fieldFindings } from "./support/field-types.ts";
import {
  at,
  buildOverlay,
  hasKubectl,
  isTree,
  listAt,
  overlays,
  podOf,
  readYaml,
  textAt,
  type Manifest,
  type Tree,
} from "./support/manifests.ts";
import { secretsToMake } from "./support/secrets.ts";

const built = new Map(hasKubectl ? overlays.map((name) => [name, buildOverlay(name)]) : []);
type Overlay = (typeof overlays)[number];
const environment = (name: Overlay): readonly Manifest[] => built.get(name) ?? [];
const withPods = (all: readonly Manifest[]): Manifest[] => all.filter((one) => podOf(one));
const containersOf = (one: Manifest): readonly Tree[] => listAt(podOf(one), "containers");

test("a wrong manifest is seen", () => {
  const wrong = readYaml("tests/deploy/support/wrong-deployment.yaml")[0];
  expect(fieldFindings(wrong)).toEqual([
    "apps/v1 Deployment.metadata.labels.a: want a string, not 1",
    "apps/v1 Deployment.spec.replica: unknown field of V1DeploymentSpec",
    'apps/v1 Deployment.spec.template.spec.containers[0].ports[0].containerPort: want a number, not "80"',
    "apps/v1 Deployment.spec.template.spec.containers[0].resource: unknown field of V1Container",
  ]);
});

/** Every field is one that Kubernetes knows. */
function expectKnownFields(name: Overlay): void {
  expect(environment(name).length).toBeGreaterThan(20);
  expect(environment(name).flatMap(fieldFindings)).toEqual([]);
}

/** Everything is in its namespace, and names its environment. */
function expectOwnNamespace(name: Overlay): void {
  for (const manifest of environment(name)) {
    if (manifest.kind === "Namespace") expect(manifest.metadata.name).toBe(`chasqui-${name}`);
    else expect(manifest.metadata["namespace"]).toBe(`chasqui-${name}`);
    expect(at(manifest, "metadata", "labels", "chasqui.io/environment")).toBe(name);
  }
  const installation = environment(name).find(({ metadata }) =>
    metadata.name.startsWith("installation-"),
  );
  expect(at(installation, "data", "environment")).toBe(name);
}

/** Every pod has bounds and no rights; every server has probes. */
function expectBounds(name: Overlay): void {
  for (const one of withPods(environment(name))) {
    const who = `${one.kind} ${one.metadata.name}`;
    expect(at(podOf(one), "securityContext", "runAsNonRoot"), who).toBe(true);
    expect(at(podOf(one), "securityContext", "seccompProfile", "type"), who).toBe("RuntimeDefault");
    const mayAsk = ["k8s-runner", "sensor-runner", "vertex-runner"].includes(one.metadata.name);
    expect(at(podOf(one), "automountServiceAccountToken"), who).toBe(mayAsk);
    for (const container of containersOf(one)) {
      expect(at(container, "securityContext"), who).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      expect(at(container, "resources", "limits", "memory"), who).toBeDefined();
      expect(at(container, "resources", "requests", "cpu"), who).toBeDefined();
      if (one.kind === "Job") continue;
      for (const probe of ["livenessProbe", "readinessProbe"])
        expect(isTree(container[probe]), `${who} ${probe}`).toBe(true);
    }
  }
}

/** What is named is there. */
function expectNamesResolve(name: Overlay): void {
  const all = environment(name);
  const names = (kind: string): string[] =>
    all.filter((one) => one.kind === kind).map((one) => one.metadata.name);
  const missing: string[] = [];
  for (const one of withPods(all)) {
    const want = (kind: string, named: string, known: readonly string[]): void => {
      if (named !== "" && !known.includes(named))
        missing.push(`${one.metadata.name}: ${kind} ${named}`);
    };
    const pod = podOf(one);
    want("service account", textAt(pod, "serviceAccountName"), names("ServiceAccount"));
    const volumes = listAt(pod, "volumes");
    const claims = listAt(one, "spec", "volumeClaimTemplates");
    const volumeNames = [
      ...volumes.map((volume) => textAt(volume, "name")),
      ...claims.map((claim) => textAt(claim, "metadata", "name")),
    ];
    for (const volume of volumes) {
      want("config map", textAt(volume, "configMap", "name"), names("ConfigMap"));
      want("secret", textAt(volume, "secret", "secretName"), secretsToMake(name));
    }
    for (const container of containersOf(one)) {
      for (const mount of listAt(container, "volumeMounts"))
        want("volume", textAt(mount, "name"), volumeNames);
      for (const variable of listAt(container, "env")) {
        const map = at(variable, "valueFrom", "configMapKeyRef");
        want("config map", textAt(map, "name"), names("ConfigMap"));
        const source = all.find(({ metadata }) => metadata.name === textAt(map, "name"));
        const isThere = at(source, "data", textAt(map, "key")) !== undefined;
        if (map !== undefined && !isThere && at(map, "optional") !== true)
          missing.push(`${one.metadata.name}: key ${textAt(map, "key")}`);
        const secret = at(variable, "valueFrom", "secretKeyRef");
        want("secret", textAt(secret, "name"), secretsToMake(name));
      }
    }
  }
  expect(missing).toEqual([]);
}

/** Each service finds its pods, on a port that they have. */
function expectServicesFindPods(name: Overlay): void {
  const all = environment(name);
  const pods = withPods(all);
  const wrong = all
    .filter(({ kind }) => kind === "Service")
    .flatMap((service) => {
      const selector = at(service, "spec", "selector", "app.kubernetes.io/name");
      const pod = pods.find(
        (one) =>
          at(one, "spec", "template", "metadata", "labels", "app.kubernetes.io/name") === selector,
      );
      if (pod === undefined) return [`${service.metadata.name}: no pods`];
      const ports = containersOf(pod).flatMap((container) => listAt(container, "ports"));
      return listAt(service, "spec", "ports")
        .filter(({ port, targetPort }) => {
          const target = ports.find((known) => known["name"] === targetPort);
          return target === undefined || target["containerPort"] !== port;
        })
        .map(({ port }) => `${service.metadata.name}: port ${String(port)}`);
    });
  expect(wrong).toEqual([]);
  expect(all.filter(({ kind }) => kind === "Service").length).toBeGreaterThanOrEqual(7);
}

test.skipIf(!hasKubectl).each(overlays)(
  "%s is valid, complete, bounded and closed in itself",
  (name) => {
    expectKnownFields(name);
    expectOwnNamespace(name);
    expectBounds(name);
    expectNamesResolve(name);
    expectServicesFindPods(name);
  },
);

test.skipIf(!hasKubectl)("prod has several of each service; dev has one", () => {
  const replicas = (name: Overlay): number[] =>
    environment(name)
      .filter(({ kind, metadata }) => kind === "Deployment" && metadata.name !== "mail-catcher")
      .map((one) => Number(at(one, "spec", "replicas")));
  expect(new Set(replicas("dev"))).toEqual(new Set([1]));
  expect(Math.min(...replicas("prod"))).toBeGreaterThanOrEqual(2);
  expect(replicas("staging")).toHaveLength(8);
});
