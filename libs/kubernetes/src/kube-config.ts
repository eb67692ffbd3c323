// How to reach the API server: the connection `kubernetes` of the environment file, else KUBECONFIG, ~/.kube/config or
// the pod's own service account.
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";

/** What the environment file may say. */
export interface KubernetesConnection {
  readonly namespace: string;
  /** A kubeconfig, as text. */
  readonly kubeconfig: string | undefined;
  /** An address, with a token if one is needed, in place of a kubeconfig. */
  readonly server: string | undefined;
  readonly token: string | undefined;
}

const PLAIN = /^(?!.*[\0\r\n]).{1,4096}$/;

export function readKubernetesConnection(
  values: Readonly<Record<string, string | number | boolean | undefined>>,
): KubernetesConnection {
  const text = (key: string): string | undefined => {
    const value = values[key];
    return value === undefined || value === "" ? undefined : String(value);
  };
  const namespace = text("namespace") ?? "default";
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(namespace))
    throw new Error(
      `connection kubernetes: namespace ${JSON.stringify(namespace)}: want a Kubernetes namespace`,
    );
  const server = text("server");
  if (server !== undefined && !(PLAIN.test(server) && URL.canParse(server)))
    throw new Error(
      `connection kubernetes: server ${JSON.stringify(server)}: want an address like https://host:6443`,
    );
  return { namespace, server, kubeconfig: text("kubeconfig"), token: text("token") };
}

export function kubeConfig(connection: KubernetesConnection): KubeConfig {
  const config = new KubeConfig();
  const { server, kubeconfig, token } = connection;
  if (server !== undefined) {
    // Without TLS there is nothing to verify, and the client wants to be told so.
    const skipTLSVerify = server.startsWith("http://");
    config.loadFromOptions({
      clusters: [{ name: "cluster", server, skipTLSVerify }],
      users: [{ name: "user", ...(token === undefined ? {} : { token }) }],
      contexts: [{ name: "context", cluster: "cluster", user: "user" }],
      currentContext: "context",
    });
  } else if (kubeconfig !== undefined) config.loadFromString(kubeconfig);
  else config.loadFromDefault();
  return oneDispatcher(config);
}

/** The client makes a new connection pool for each request; one for each set of TLS options is enough. */
function oneDispatcher(config: KubeConfig): KubeConfig {
  const target: object = config;
  const create: unknown = Reflect.get(target, "createDispatcher");
  if (typeof create !== "function")
    throw new Error(
      "@kubernetes/client-node has no createDispatcher: look at libs/kubernetes/src/kube-config.ts",
    );
  const known = new Map<string, unknown>();
  const memoised = (cluster: unknown, options: Record<string, unknown>): unknown => {
    const key = JSON.stringify([cluster, options], (_key, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
    );
    if (!known.has(key)) known.set(key, Reflect.apply(create, config, [cluster, options]));
    return known.get(key);
  };
  Reflect.set(target, "createDispatcher", memoised);
  return config;
}
