// Vertex AI by Google's own client, one per location. It is most of this process, so it is loaded when the first call
// needs it, and only the part that knows jobs.
// Invariants:
//   G1. Every call ends: CALL_MS without an answer is an error. Nothing is retried here; who calls decides.
//   G2. On a plain address of this machine nothing asks the cloud who we are.
import type { JobServiceClient } from "@google-cloud/aiplatform/build/src/v1/job_service_client.js";
import type { JobFacts } from "../core/job.ts";
import type { CustomJob } from "../core/spec.ts";
import { jobFacts } from "../translate.ts";
import type { PlaceWithEndpoint } from "./places.ts";
import { VertexError } from "./vertex.ts";
import type { JobFilter, Place, Vertex } from "./vertex.ts";

const CALL_MS = 20_000;
const PAGE_MAX = 100;
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const FINAL = ["SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED"];

export function googleVertex(places: readonly PlaceWithEndpoint[]): Vertex {
  const clients = new Map<string, Promise<JobServiceClient>>();
  const clientOf = (place: PlaceWithEndpoint): Promise<JobServiceClient> => {
    const key = place.endpoint ?? place.location;
    const known = clients.get(key);
    if (known !== undefined) return known;
    const opened = openClient(place);
    opened.catch(() => clients.delete(key));
    clients.set(key, opened);
    return opened;
  };
  const placeOf = (of: Pick<Place, "project" | "location">): PlaceWithEndpoint => {
    const found = places.find(
      ({ project, location }) => project === of.project && location === of.location,
    );
    if (found !== undefined) return found;
    throw new VertexError(`no vertex connection for ${of.project} in ${of.location}`, NOT_FOUND);
  };
  const placeOfJob = (name: string): PlaceWithEndpoint => {
    const [, project = "", , location = ""] = name.split("/");
    return placeOf({ project, location });
  };
  return {
    places,
    async create(place, customJob) {
      const client = await clientOf(placeOf(place));
      const request = { parent: parentOf(place), customJob: wireJob(customJob, client) };
      const [job] = await asked(client.createCustomJob(request, CALL));
      return factsOf(job);
    },
    async get(name) {
      const client = await clientOf(placeOfJob(name));
      try {
        const [job] = await asked(client.getCustomJob({ name }, CALL));
        return factsOf(job);
      } catch (error) {
        if (error instanceof VertexError && error.code === NOT_FOUND) return undefined;
        throw error;
      }
    },
    async find(place, filter) {
      const client = await clientOf(placeOf(place));
      const request = { parent: parentOf(place), filter: filterText(filter), pageSize: PAGE_MAX };
      const found: JobFacts[] = [];
      for (let pageToken = ""; ;) {
        const pages = { ...CALL, autoPaginate: false };
        const answer = asked(client.listCustomJobs({ ...request, pageToken }, pages));
        const [jobs, , { nextPageToken }] = await answer;
        found.push(...jobs.map(factsOf));
        if (nextPageToken === undefined || nextPageToken === null || nextPageToken === "") break;
        pageToken = nextPageToken;
      }
      return found.sort((a, b) => a.createdMs - b.createdMs || (a.name < b.name ? -1 : 1));
    },
    async cancel(name) {
      const client = await clientOf(placeOfJob(name));
      await asked(client.cancelCustomJob({ name }, CALL));
    },
    async close() {
      const opened = await Promise.allSettled(clients.values());
      clients.clear();
      for (const one of opened) if (one.status === "fulfilled") await one.value.close();
    },
  };
}

const CALL = { timeout: CALL_MS } as const;
const parentOf = ({ project, location }: Place): string =>
  `projects/${project}/locations/${location}`;

function factsOf(job: unknown): JobFacts {
  const facts = jobFacts(job);
  if (facts === undefined) throw new VertexError("Vertex AI answered with a job without a name", 2);
  return facts;
}

/** By way of the client: who imports the protos has every tool read their 15 MB. */
type WireJob = NonNullable<Parameters<JobServiceClient["createCustomJob"]>[0]["customJob"]>;

/** The client drops an accelerator that it does not know, and the job would run without one: such a job is refused. */
function wireJob(job: CustomJob, client: JobServiceClient): WireJob {
  const known = acceleratorsOf(client);
  for (const { machineSpec } of job.jobSpec.workerPoolSpecs) {
    const { acceleratorType: type } = machineSpec;
    if (type === undefined || known.length === 0 || known.includes(type)) continue;
    const want = `want one of ${known.join(", ")}`;
    throw new VertexError(`accelerator type ${JSON.stringify(type)}: ${want}`, INVALID_ARGUMENT);
  }
  return job as WireJob; // its only open field was checked above
}

/** The names in the protos that the client has loaded; none when it keeps them elsewhere. */
function acceleratorsOf(client: JobServiceClient): string[] {
  const steps = [
    "_protos",
    "google",
    "cloud",
    "aiplatform",
    "v1",
    "AcceleratorType",
    "type",
    "value",
  ];
  let at: unknown = client;
  for (const step of steps)
    at = typeof at === "object" && at !== null ? Reflect.get(at, step) : undefined;
  return (Array.isArray(at) ? at : [])
    .map((value: unknown) => textAt(value, "name"))
    .filter((name) => name !== "" && !name.endsWith("_UNSPECIFIED"));
}

const textAt = (value: unknown, key: string): string => {
  const text: unknown = typeof value === "object" && value !== null ? Reflect.get(value, key) : "";
  return typeof text === "string" ? text : "";
};

async function asked<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw VertexError.from(error);
  }
}

export function filterText({ labels, createdSinceMs, active }: JobFilter): string {
  return [
    ...Object.entries(labels).map(([key, value]) => `labels.${key}=${JSON.stringify(value)}`),
    ...(createdSinceMs === undefined
      ? []
      : [`create_time>${JSON.stringify(new Date(createdSinceMs).toISOString())}`]),
    ...(active === true ? FINAL.map((state) => `state!="JOB_STATE_${state}"`) : []),
  ].join(" AND ");
}

async function openClient(place: PlaceWithEndpoint): Promise<JobServiceClient> {
  const endpoint = endpointOf(place);
  if (endpoint.plain) process.env["METADATA_SERVER_DETECTION"] ??= "none";
  const [{ JobServiceClient: Client }, { grpc }] = await Promise.all([
    import("@google-cloud/aiplatform/build/src/v1/job_service_client.js"),
    import("google-gax"),
  ]);
  return new Client({
    apiEndpoint: endpoint.host,
    projectId: place.project,
    ...(endpoint.port === undefined ? {} : { port: endpoint.port }),
    ...(endpoint.plain ? { sslCreds: grpc.credentials.createInsecure() } : {}),
  });
}

export interface Endpoint {
  readonly host: string;
  readonly port: number | undefined;
  /** Without TLS: a stand-in on this machine, or one that says http:// itself. */
  readonly plain: boolean;
}

export function endpointOf(place: Pick<PlaceWithEndpoint, "endpoint" | "location">): Endpoint {
  const { endpoint, location } = place;
  if (endpoint === undefined)
    return { host: `${location}-aiplatform.googleapis.com`, port: undefined, plain: false };
  const match = /^(?:(https?):\/\/)?([A-Za-z0-9.-]+)(?::(\d{1,5}))?\/?$/.exec(endpoint);
  if (match === null)
    throw new Error(`vertex endpoint ${JSON.stringify(endpoint)}: want host:port`);
  const [, scheme, host = "", port] = match;
  const here = host === "localhost" || host.startsWith("127.");
  const plain = scheme === "http" || (scheme === undefined && here);
  return { host, port: port === undefined ? undefined : Number(port), plain };
}
