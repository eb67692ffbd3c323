// Every trigger rule, for every way in which three upstream tasks can end, against Airflow's own evaluation
// (airflow/ti_deps/deps/trigger_rule_dep.py), written down here from its documentation and branches.
import { expect, test } from "vitest";
import { compileDag } from "../compile/compile-dag.ts";
import { triggerRuleWords } from "../compile/words.ts";
import { simulate } from "./simulate.ts";

type Rule = keyof typeof triggerRuleWords;
const ends = ["succeeded", "failed", "skipped", "upstream_failed"] as const;
type End = (typeof ends)[number];

/** What Airflow makes of a task whose upstream has all ended so. */
function airflow(rule: Rule, upstream: readonly End[]): string {
  const count = (end: End): number => upstream.filter((it) => it === end).length;
  const [success, failed, skipped, upstreamFailed] = ends.map(count);
  if (
    success === undefined ||
    failed === undefined ||
    skipped === undefined ||
    upstreamFailed === undefined
  )
    throw new Error("four counts");
  const red = failed + upstreamFailed > 0;
  const all = upstream.length;
  switch (rule) {
    case "all_success":
      return red ? "upstream_failed" : skipped > 0 ? "skipped" : "succeeded";
    case "all_failed":
      return success + skipped > 0 ? "skipped" : "succeeded";
    case "all_done":
    case "always":
      return "succeeded";
    case "all_done_min_one_success":
      return success > 0 ? "succeeded" : skipped === all ? "skipped" : "upstream_failed";
    case "all_skipped":
      return skipped === all ? "succeeded" : "skipped";
    case "one_success":
      return success > 0 ? "succeeded" : skipped === all ? "skipped" : "upstream_failed";
    case "one_failed":
      return red ? "succeeded" : "skipped";
    case "one_done":
      return success + failed > 0 ? "succeeded" : "skipped";
    case "none_failed":
      return red ? "upstream_failed" : "succeeded";
    case "none_failed_min_one_success":
      return red ? "upstream_failed" : skipped === all ? "skipped" : "succeeded";
    case "none_skipped":
      return skipped > 0 ? "skipped" : "succeeded";
  }
}

/** Each upstream stands behind a task of its own, whose failure makes it upstream_failed. */
const text = (rule: Rule): string => `id: x
tasks:
  p0: { uses: noop }
  p1: { uses: noop }
  p2: { uses: noop }
  u0: { uses: noop, needs: [p0] }
  u1: { uses: noop, needs: [p1] }
  u2: { uses: noop, needs: [p2] }
  task: { uses: noop, needs: [u0, u1, u2], trigger_rule: ${rule} }
`;

const combinations = ends.flatMap((a) => ends.flatMap((b) => ends.map((c) => [a, b, c] as const)));

test.each(Object.keys(triggerRuleWords).filter((rule): rule is Rule => rule in triggerRuleWords))(
  "%s",
  (rule) => {
    const compiled = compileDag({ file: "x.yaml", text: text(rule) });
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
    for (const upstream of combinations) {
      const outcomes = Object.fromEntries(
        upstream.map((end, index) =>
          end === "upstream_failed"
            ? [`p${index}`, "fail"]
            : [`u${index}`, { succeeded: "succeed", failed: "fail", skipped: "skip" }[end]],
        ),
      );
      const simulated = simulate({ spec: compiled.spec, atMs: 0, outcomes });
      if (!simulated.ok) throw new Error(simulated.message);
      const { tasks, run } = simulated.value;
      expect([0, 1, 2].map((index) => tasks[`u${index}`]?.state)).toEqual(upstream);
      expect(tasks["task"]?.state, `${rule} over ${upstream.join(", ")}`).toBe(
        airflow(rule, upstream),
      );
      const red = upstream.some((end) => end === "failed" || end === "upstream_failed");
      const isDirect = !upstream.includes("upstream_failed"); // the cause is not directly upstream of the handler
      const handles =
        (rule === "one_failed" || rule === "all_failed") && tasks["task"]?.state === "succeeded";
      expect(run.state).toBe(red && !(handles && isDirect) ? "failed" : "succeeded");
    }
  },
);
