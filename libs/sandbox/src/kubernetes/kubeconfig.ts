// The kubeconfig of the stand-in, as JSON (which is YAML): for kubectl and for services that read
// KUBECONFIG. client-node refuses plain HTTP unless TLS verification is off.

export function kubeconfigOf(url: string, namespace: string): string {
  const name = "chasqui-sandbox";
  return `${JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name, cluster: { server: url, "insecure-skip-tls-verify": true } }],
      users: [{ name, user: {} }],
      contexts: [{ name, context: { cluster: name, user: name, namespace } }],
      "current-context": name,
    },
    null,
    2,
  )}\n`;
}
