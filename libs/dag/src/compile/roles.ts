// Setups, teardowns, on_exit tasks and mapped groups: what may stand where.
import { quote } from "../text/suggest.ts";
import type { Named, Node, Outline } from "./outline.ts";
import type { Reader } from "./reader.ts";

export function checkRoles(reader: Reader, outline: Outline): void {
  for (const node of outline.nodes.values()) {
    checkMapping(reader, node, outline);
    if (node.kind === "group" && outline.members(node.id).size === 0)
      reader.note(node.path, `${node.name} has no task: want at least one with group: ${node.id}`, {
        at: "key",
      });
    for (const setup of node.setups) checkSetup(reader, node, setup, outline);
    if (node.role === "teardown" || node.role === "on_exit") checkEnding(reader, node);
  }
}

function checkMapping(reader: Reader, node: Node, outline: Outline): void {
  const group = outline.mappedAround(node.id);
  const at = { at: "key" } as const;
  if (node.isMapped && group !== undefined)
    reader.note(
      [...node.path, "for_each"],
      `${node.name} is mapped and stands in the mapped group ${quote(group.id)}: want one for_each`,
      { ...at, suggestion: "combine lists with product, or map in a run of its own (dag.run)" },
    );
  if (node.isMapped && (node.role === "setup" || node.role === "teardown"))
    reader.note(
      [...node.path, "for_each"],
      `${node.name} is a ${node.role} and cannot be mapped by itself`,
      { ...at, suggestion: "put setup, work and teardown into a group and map that" },
    );
}

function checkSetup(reader: Reader, node: Node, { id, path }: Named, outline: Outline): void {
  const setup = outline.nodes.get(id);
  if (id === node.id) reader.note(path, `${node.name} takes itself away`);
  else if (!outline.ids.tasks.has(id)) {
    const setups = outline.tasks.filter(({ role }) => role === "setup");
    const known = setups.map((task) => task.id).join(", ");
    reader.note(path, `${node.name} takes away ${quote(id)}: no such task`, {
      suggestion: known === "" ? undefined : `setups: ${known}`,
    });
  } else if (setup !== undefined && setup.role !== "setup")
    reader.note(path, `${node.name} takes away ${quote(id)}, which is no setup`, {
      suggestion: `write setup: true at ${quote(id)}`,
    });
  else if (outline.mappedAround(id)?.id !== outline.mappedAround(node.id)?.id)
    reader.note(
      path,
      `${node.name} takes away ${quote(id)}, which does not stand in the same mapped group`,
    );
}

/** A teardown has its own rule, an on_exit task waits for all. */
function checkEnding(reader: Reader, { role, path, name, fields }: Node): void {
  const at = { at: "key" } as const;
  if (fields["trigger_rule"] !== undefined)
    reader.note(
      [...path, "trigger_rule"],
      role === "teardown"
        ? `${name} is a teardown: it runs when its upstream ended and a setup succeeded, and has no trigger_rule`
        : `${name} is an on_exit task: it runs when everything else ended, and has no trigger_rule`,
      at,
    );
  if (role === "on_exit" && fields["group"] !== undefined)
    reader.note([...path, "group"], `${name} is an on_exit task and stands in no group`, at);
}
