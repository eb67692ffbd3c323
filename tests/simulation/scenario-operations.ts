// A DAG that people operate: it maps over a list that a task makes, a task and a group, and depends on the past. Its
// version before had no copies.
import type { Scenario } from "./scenario.ts";
import { dagFrom, versionFrom } from "./scenario.ts";

const tasks = `
id: regions
max_active_runs: 2
defaults: { retries: { max: 1, backoff: 7s }, timeout: 10s }
groups:
  per-region:
    for_each: { in: "['north', 'south']", parallel: 1 }
    needs: [list]
tasks:
  list: { uses: k8s.pod, with: { image: "x:1" }, depends_on_past: true }
  load: { group: per-region, uses: k8s.pod, with: { image: "x:1" } }
  check: { group: per-region, needs: [load], uses: k8s.pod, with: { image: "x:1" } }
  done: { needs: [per-region], trigger_rule: none_failed, uses: noop }
`;
const copies = `
  copy:
    needs: [list]
    for_each: { in: "tasks.list.output.files", parallel: 2 }
    uses: k8s.pod
    with: { image: "x:1" }
    depends_on_past: true
`;

export const operationsScenario: Scenario = {
  dags: [{ ...dagFrom(tasks + copies, true), older: versionFrom(tasks) }],
  pools: {},
  lists: { copy: "list" },
  isOperated: true,
};
