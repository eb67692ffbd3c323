// All stand-ins in one process: what a local installation talks to instead of the outside world.
// Invariant: either all of them are up, or none is left.
import { join } from "node:path";
import { startBuckets } from "./buckets/server.ts";
import type { BucketsStandIn } from "./buckets/server.ts";
import { startKubernetes } from "./kubernetes/server.ts";
import type { KubernetesStandIn } from "./kubernetes/server.ts";
import { startOtlp } from "./otlp/server.ts";
import type { OtlpStandIn } from "./otlp/server.ts";
import { startSlack } from "./slack/server.ts";
import type { SlackStandIn } from "./slack/server.ts";
import { startSmtp } from "./smtp/server.ts";
import type { SmtpStandIn } from "./smtp/server.ts";
import { startVertex } from "./vertex/server.ts";
import type { VertexStandIn } from "./vertex/server.ts";
import type { SandboxUrls } from "./world/sandbox-urls.ts";

/** 0, and what is left out, mean any free port. */
export interface SandboxPorts {
  readonly kubernetes: number;
  readonly vertexGrpc: number;
  readonly vertexHttp: number;
  readonly slack: number;
  readonly smtp: number;
  readonly mail: number;
  readonly otlp: number;
  readonly buckets: number;
}

export interface SandboxOptions {
  /** For what outlives a restart: mails, messages, spans; and for pods' logs. */
  readonly dataDir: string;
  /** The working directory of pods' processes. */
  readonly workDir: string;
  readonly ports?: Partial<SandboxPorts>;
}

export interface Sandbox extends AsyncDisposable {
  readonly kubernetes: KubernetesStandIn;
  readonly vertex: VertexStandIn;
  readonly slack: SlackStandIn;
  readonly smtp: SmtpStandIn;
  readonly otlp: OtlpStandIn;
  readonly buckets: BucketsStandIn;
  readonly urls: SandboxUrls & {
    /** Of Vertex AI's request log and faults. */
    readonly vertexHttp: string;
    readonly smtp: string;
  };
  stop(): Promise<void>;
}

export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { dataDir, workDir, ports = {} } = options;
  const folder = (name: string) => join(dataDir, name);
  const stack = new AsyncDisposableStack();
  try {
    const kubernetes = stack.use(
      await startKubernetes({
        port: ports.kubernetes ?? 0,
        dataDir: folder("kubernetes"),
        workDir,
      }),
    );
    const slack = stack.use(await startSlack({ port: ports.slack ?? 0, dataDir: folder("slack") }));
    const [port, httpPort] = [ports.smtp ?? 0, ports.mail ?? 0];
    const smtp = stack.use(await startSmtp({ port, httpPort, dataDir: folder("smtp") }));
    const otlp = stack.use(await startOtlp({ port: ports.otlp ?? 0, dataDir: folder("otlp") }));
    const buckets = stack.use(await startBuckets({ port: ports.buckets ?? 0 }));
    const vertex = stack.use(
      await startVertex({ port: ports.vertexGrpc ?? 0, httpPort: ports.vertexHttp ?? 0 }),
    );
    let stopped: Promise<void> | undefined;
    const stop = () => (stopped ??= stack.disposeAsync());
    const urls = {
      kubernetes: kubernetes.url,
      kubeconfig: kubernetes.kubeconfigPath,
      vertex: vertex.address,
      vertexHttp: vertex.httpUrl,
      slack: slack.url,
      slackApi: slack.apiUrl,
      mail: smtp.url,
      smtp: smtp.smtpUrl,
      smtpPort: smtp.port,
      otlp: otlp.url,
      buckets: buckets.url,
    };
    return {
      kubernetes,
      vertex,
      slack,
      smtp,
      otlp,
      buckets,
      urls,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
