// What every kind of INBOX message is read with.
import { RejectError } from "@chasqui/bus";
import type { TaskRef } from "@chasqui/contracts";
import type { Json, TaskRef as MachineRef } from "@chasqui/machine";

export function refOf(ref: TaskRef | undefined): MachineRef {
  return { taskId: named("task", ref?.taskId ?? ""), mapIndex: ref?.mapIndex ?? -1 };
}

export function named(what: string, id: string): string {
  if (id === "") throw new RejectError(`INBOX message without a ${what}: want its id`);
  return id;
}

export function jsonOf(name: string, text: string): Json | undefined {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new RejectError(`${name} is not JSON: ${JSON.stringify(text.slice(0, 100))}`, { cause });
  }
}
