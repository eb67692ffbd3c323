// Two pods and a mail: retries, a deadline, a join of nothing but the essential.
import { STEP_MS } from "./time-scale.ts";
import type { Plan, PlanTask } from "../../libs/machine/src/index.ts";

const task = (id: string, kind: string, needs: number[], next: number[]): PlanTask => ({
  id,
  kind,
  needs,
  next,
  rule: "all_success",
  when: undefined,
  whenNames: [],
  retries: { max: 2, backoffMs: 15 * STEP_MS, factor: 2, backoffMsMax: 40 * STEP_MS, rules: [] },
  role: "work",
  setups: [],
  whenOfItem: false,
  map: undefined,
  mapper: undefined,
  member: 0,
  claims: [],
  priority: 0,
  dependsOnPast: false,
  totalTimeoutMs: 0,
  startTimeoutMs: 0,
  produces: [],
  timeoutMs: kind === "k8s.pod" ? 20 * STEP_MS : 0,
  allowFailure: false,
  outputNamed: false,
});

export const examplePlan: Plan = {
  dagId: "simulated",
  fingerprint: "f",
  tasks: [
    task("load", "k8s.pod", [], [1, 2]),
    task("sum", "k8s.pod", [0], [2]),
    task("mail", "report.email", [0, 1], []),
  ],
  indexOf: new Map([
    ["load", 0],
    ["sum", 1],
    ["mail", 2],
  ]),
  timeoutMs: 0,
  maxActiveTasks: 0,
  defaultParams: {},
};
