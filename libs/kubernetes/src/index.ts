// The door of @chasqui/kubernetes: asking an API server.

export { kubeApi } from "./kube-api.ts";
export type { KubeApi, KubeRequest } from "./kube-api.ts";
export { kubeConfig, readKubernetesConnection } from "./kube-config.ts";
export type { KubernetesConnection } from "./kube-config.ts";
export { KubeError, codeOf } from "./kube-error.ts";
