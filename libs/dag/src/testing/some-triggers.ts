// Random triggers in author's form, for the properties of the compiler.
import fc from "fast-check";
import type { JsonObject } from "@bufbuild/protobuf";

const optional = { requiredKeys: [] as [] };

const condition = fc.letrec<{ node: JsonObject }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<JsonObject>(
      { event: { subject: "logistics.routes.closed", when: "has(event.data.x)" } },
      { event: { subject: "logistics.*.closed" } },
      { dag: "load-1" },
      { dag: { id: "load-1", state: "succeeded" } },
      { dag: { id: "load-1", state: ["failed", "cancelled"], when: "event.data.key != ''" } },
      { asset: "orders" },
      { asset: "orders && (routes || warehouse.stock) && orders" },
    ),
    fc
      .array(tie("node"), { minLength: 1, maxLength: 3 })
      .chain((of) => fc.constantFrom<JsonObject>({ all: of }, { any: of })),
  ),
})).node;

export const someTriggers = fc.array(
  fc.oneof(
    fc
      .tuple(condition, fc.record({ key: fc.constantFrom("${run.date}", "${event.id}") }, optional))
      .map(([on, rest]): JsonObject => ({ ...on, ...rest })),
    fc.constantFrom<JsonObject>(
      { asset: "orders", batch: { window: "10m" } },
      { dag: "load-1", batch: { window: "10m", quiet: "90s", max: 1_000 } },
      { event: { subject: "a.>" }, rate: { max: 5, per: "1h" } },
      { asset: "orders && routes", within: "6h", rate: { max: 1, per: "1d" } },
    ),
  ),
  { maxLength: 3 },
);
