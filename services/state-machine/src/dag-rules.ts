// What this installation does not let a DAG be: what it could not run, and what its policies do not want. Asked at each
// apply, whatever the caller's own check said; policies are read anew each time, so that a mended rule holds at once.
// Invariant: a policy file that cannot be read refuses every DAG; no rule is ever left out in silence.
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { RpcCode, RpcError, environments } from "@chasqui/chassis";
import type { DagFindingSchema, DagSpec } from "@chasqui/contracts";
import { checkPolicies, checkSpec, formatProblem, readPolicies } from "@chasqui/dag";
import type { KnownConnections, PolicyFinding, ReadPolicies } from "@chasqui/dag";

export type Finding = MessageInitShape<typeof DagFindingSchema> & {
  readonly dagId: string;
  readonly message: string;
  readonly denied: boolean;
};

export interface DagRules {
  /** Throws RpcError when the policies cannot be read. */
  judge(specs: readonly DagSpec[]): Promise<Finding[]>;
}

export interface DagRulesOptions {
  readonly environment: string;
  readonly vars: JsonObject;
  readonly connections: KnownConnections;
  /** Kinds that runners announced, beside the built-in ones. */
  readonly customKinds: () => Promise<readonly string[]>;
  /** A folder; empty for an installation without policies. */
  readonly policies: string;
}

export function dagRules(options: DagRulesOptions): DagRules {
  const { environment, vars, connections } = options;
  return {
    async judge(specs) {
      const { policies, problems } = readPolicyFolder(options.policies, environment);
      if (problems.length > 0)
        throw new RpcError(
          RpcCode.FAILED_PRECONDITION,
          `the policies of ${environment} cannot be read, so no DAG is applied:\n${problems.map(formatProblem).join("\n")}`,
        );
      const customKinds = await options.customKinds();
      return specs.flatMap((spec) => {
        const wrong = checkSpec(spec, { customKinds, connections });
        if (wrong.length > 0) return wrong.map((message) => impossible(spec.id, message));
        return checkPolicies(spec, policies, { environment, vars }).map((finding) =>
          unwanted(spec.id, finding),
        );
      });
    },
  };
}

const impossible = (dagId: string, message: string): Finding => ({ dagId, message, denied: true });

function unwanted(
  dagId: string,
  { policy, severity, path: steps, message }: PolicyFinding,
): Finding {
  return {
    dagId,
    path: steps.map(String),
    message,
    denied: severity === "deny",
    policy: { policyId: policy.id, rule: policy.rule.text, place: policy.place },
  };
}

/** Policies as they are now; what is wrong is a problem, also that the folder is not there. */
export function readPolicyFolder(folder: string, environment: string): ReadPolicies {
  if (folder === "") return { policies: [], problems: [] };
  const name = path.basename(folder);
  try {
    const files = readdirSync(folder).filter((file) => /\.ya?ml$/.test(file));
    const texts = files.sort().map((file) => ({
      file: `${name}/${file}`,
      text: readFileSync(path.join(folder, file), "utf8"),
    }));
    return readPolicies(texts, { environments: [...new Set([...environments, environment])] });
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    const place = { file: folder, line: 1, column: 1, severity: "error" } as const;
    return { policies: [], problems: [{ ...place, message: `cannot be read: ${why}` }] };
  }
}
