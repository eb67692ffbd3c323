// Applies a folder of DAGs: checked as a whole, stored by its meaning (immutable, harmless), and then made current by one
// message, whose commit is of all its DAGs or of none.
import type { CallContext, Handlers } from "@chasqui/chassis";
import { RpcCode, RpcError, authorize } from "@chasqui/chassis";
import type { ApplyDagsRequest, DagService, DagSpec } from "@chasqui/contracts";
import { deriveId } from "@chasqui/contracts";
import { canonicalSpec, formatPolicy, isUnlinked, linksOf } from "@chasqui/dag";
import { quote, suggest } from "@chasqui/dag/text";
import { renamesOf } from "../core/lineage.ts";
import type { Finding } from "../dag-rules.ts";
import { inboxMessage } from "../say/messages.ts";
import { namedDags } from "../store/lineage.ts";
import * as reads from "../store/reads.ts";
import { accepted } from "./commands.ts";
import type { DagServiceOptions } from "./dag-service.ts";
import { judgeFolder } from "./judge-folder.ts";
import { createTurns } from "./turns.ts";

/** A message of the bus has a megabyte; each DAG takes a hundred bytes or two of it. */
const FOLDER_DAGS_MAX = 2_000;

export function applyDags(options: DagServiceOptions): Handlers<typeof DagService>["applyDags"] {
  const inTurn = createTurns(options.sql);
  return async (request, context) => {
    for (const { id } of request.dags) authorize(context.principal, "apply", `dag/${id}`);
    for (const id of request.retireDagIds) authorize(context.principal, "retire", `dag/${id}`);
    const specs = request.dags.map(canonicalSpec);
    refuseTwice([...specs.map(({ id }) => id), ...request.retireDagIds]);
    const work = () => applyFolder(options, request, context, specs);
    return specs.some(looksAtOthers) ? inTurn(work) : work();
  };
}

/** What its checks say depends on the DAGs that are there. */
const looksAtOthers = (spec: DagSpec): boolean => spec.was.length > 0 || !isUnlinked(linksOf(spec));

async function applyFolder(
  options: DagServiceOptions,
  request: ApplyDagsRequest,
  context: CallContext,
  specs: readonly DagSpec[],
) {
  const { db, versions } = options;
  context.signal.throwIfAborted(); // nobody waits for it any more
  const findings = await judgeFolder(options, specs, request.retireDagIds);
  refuseDenied(findings);
  refuseUnknownPools(specs, await options.pools());
  const renamed = await renamedBy(options, specs);
  for (const id of renamed) authorize(context.principal, "retire", `dag/${id}`);
  const retired = [...new Set([...request.retireDagIds, ...renamed])].sort();
  const fingerprints = await versions.put(specs);
  const changed = await change(options, request, context, [
    ...specs.map(({ id: dagId }, index) => ({ dagId, fingerprint: fingerprints[index] ?? "" })),
    ...retired.map((dagId) => ({ dagId, fingerprint: "" })),
  ]);
  const numbers = await reads.dagNumbers(
    db,
    specs.map(({ id }) => id),
  );
  const dags = specs.map(({ id: dagId }, index) => ({
    dagId,
    version: numbers.get(dagId) ?? 0,
    fingerprint: fingerprints[index] ?? "",
    changed: changed.has(dagId),
  }));
  return { dags, findings, retiredDagIds: retired.filter((id) => changed.has(id)) };
}

/** Says the change and waits for its commit; answers the DAGs that it changed. */
async function change(
  { ask, clock }: DagServiceOptions,
  { note, commit }: Pick<ApplyDagsRequest, "note" | "commit">,
  context: CallContext,
  changes: readonly { dagId: string; fingerprint: string }[],
): Promise<ReadonlySet<string>> {
  if (changes.length === 0) return new Set();
  const by = context.principal;
  const value = { changes: [...changes], by, note: note || (context.reason ?? ""), commit };
  const words = changes.map(({ dagId, fingerprint }) => `${dagId} ${fingerprint}`);
  const id = deriveId("change", clock(), ...words);
  const say = (replyTo: string) =>
    inboxMessage("dag", id, id, { case: "changeDags", value }, { replyTo });
  return new Set(accepted(await ask(say, context.signal)).changedDags);
}

/** RetireDag: a change of a folder of one. */
export const retireOne = (
  options: DagServiceOptions,
  dagId: string,
  reason: string,
  context: CallContext,
): Promise<ReadonlySet<string>> =>
  change(options, { note: reason, commit: "" }, context, [{ dagId, fingerprint: "" }]);

/** The DAGs that the folder renames: they retire with it. */
async function renamedBy(
  { sql }: DagServiceOptions,
  specs: readonly DagSpec[],
): Promise<readonly string[]> {
  const { problems, retire } = renamesOf(specs, await namedDags(sql));
  if (problems.length > 0) throw new RpcError(RpcCode.INVALID_ARGUMENT, problems.join("\n"));
  return retire;
}

function refuseTwice(ids: readonly string[]): void {
  if (ids.length > FOLDER_DAGS_MAX)
    throw new RpcError(
      RpcCode.INVALID_ARGUMENT,
      `${ids.length} DAGs at once: want at most ${FOLDER_DAGS_MAX}`,
    );
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (twice.length > 0)
    throw new RpcError(
      RpcCode.INVALID_ARGUMENT,
      `${twice.map(quote).join(", ")}: named twice: want each DAG once, applied or retired`,
    );
}

/** A task in line for a pool that is not there would wait for ever. */
function refuseUnknownPools(specs: readonly DagSpec[], known: readonly string[]): void {
  const problems = specs.flatMap((spec) =>
    spec.tasks
      .filter(({ pool }) => pool !== "" && !known.includes(pool))
      .map(({ id, pool }) => {
        const none = known.length === 0 ? "there is none yet" : suggest(pool, known);
        return `${spec.id}: task ${quote(id)}: pool ${quote(pool)}: no such pool; ${none}; make it with chasqui pools set ${pool} <slots>`;
      }),
  );
  if (problems.length > 0) throw new RpcError(RpcCode.INVALID_ARGUMENT, problems.join("\n"));
}

function refuseDenied(findings: readonly Finding[]): void {
  const denied = findings.filter((finding) => finding.denied);
  if (denied.length === 0) return;
  const isPolicy = denied.every(({ policy }) => policy !== undefined);
  const code = isPolicy ? RpcCode.FAILED_PRECONDITION : RpcCode.INVALID_ARGUMENT;
  throw new RpcError(code, denied.map(inWords).join("\n"));
}

/** `costs: task `mail`: … at tasks.mail.with.image (policy pinned, policies/images.yaml:12:11: …)` */
function inWords({ dagId, message, path = [], policy }: Finding): string {
  const where = path.length === 0 ? "" : ` at ${path.join(".")}`;
  if (policy === undefined) return `${dagId}: ${message}${where}`;
  const { policyId: id = "", rule = "", place = "" } = policy;
  return `${dagId}: ${message}${where} (${formatPolicy({ id, rule, place })})`;
}
