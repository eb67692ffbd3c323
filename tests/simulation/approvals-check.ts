// What must hold of questions: one answer, after it was asked, and whoever was told that his word counts was right.
import type { ModelBus } from "./model-bus.ts";
import type { ModelDatabase } from "./model-database.ts";

export function wronglyAnswered(database: ModelDatabase, bus: ModelBus): string | undefined {
  const answers = new Map<string, string>();
  for (const [runId, { history }] of database.runs) {
    const asked = new Set<string>();
    for (const { event } of history) {
      if (event.type !== "approval_asked" && event.type !== "approval_answered") continue;
      const question = `${runId} ${event.t} ${event.a}`;
      if (event.type === "approval_asked") {
        asked.add(question);
        continue;
      }
      if (!asked.has(question)) return `A1 ${question} was answered before it was asked`;
      if (answers.has(question)) return `A1 ${question} was answered twice`;
      answers.set(question, `${event.by ?? "nobody"} ${event.approved}`);
    }
  }
  for (const { runId, message } of bus.acceptedAnswers) {
    const question = `${runId} ${message.taskId} ${message.attempt}`;
    const answer = `${message.by} ${message.approved}`;
    if (answers.get(question) !== answer)
      return `A2 "${answer}" was told to count for ${question}, where ${answers.get(question) ?? "none"} does`;
  }
  return undefined;
}
