// Where the stand-ins listen, as the services want to be told.
export interface SandboxUrls {
  /** A file for KUBECONFIG. */
  readonly kubeconfig: string;
  readonly kubernetes: string;
  /** host:port */
  readonly vertex: string;
  readonly slack: string;
  readonly slackApi: string;
  readonly mail: string;
  readonly smtpPort: number;
  readonly otlp: string;
  /** S3, and the JSON API of Cloud Storage. */
  readonly buckets: string;
}
