// What an administrator prepares in a real cluster: the namespace, and the secret that the main job's pod reads.
import type { World } from "@chasqui/sandbox";

const NAMESPACE = "chasqui";

export async function seedCluster(world: World): Promise<void> {
  const { kubernetes } = world.sandbox;
  await put(`${kubernetes}/api/v1/namespaces`, {
    kind: "Namespace",
    metadata: { name: NAMESPACE },
  });
  const url = world.addresses.postgresUrl("warehouse");
  await put(`${kubernetes}/api/v1/namespaces/${NAMESPACE}/secrets`, {
    kind: "Secret",
    metadata: { name: "warehouse", namespace: NAMESPACE },
    type: "Opaque",
    data: { url: Buffer.from(url).toString("base64") },
  });
}

async function put(url: string, body: object): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ apiVersion: "v1", ...body }),
  });
  const text = await response.text();
  if (!response.ok && response.status !== 409)
    throw new Error(`POST ${url}: ${response.status} ${text}`);
}
