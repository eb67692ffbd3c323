// What must hold of the INBOX: an update that makes no sense is a dead letter by itself, and no other one is.
import { subjects } from "../../libs/contracts/src/index.ts";
import type { ModelBus } from "./model-bus.ts";

export function wronglyBuried({ inbox, strays }: ModelBus): string | undefined {
  const wrong = inbox.dead.find(
    ({ id, subject }) =>
      subjects.isBundle(subject) || (subject.includes(".update.") && !strays.includes(id)),
  );
  return wrong && `I1 ${wrong.id} is a dead letter: ${wrong.reason}`;
}

export function unburied({ inbox, strays }: ModelBus): string | undefined {
  const buried = new Set(inbox.dead.map(({ id }) => id));
  const lost = strays.find((id) => !buried.has(id));
  return lost && `I1 ${lost} makes no sense, and is no dead letter`;
}
