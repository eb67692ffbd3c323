// Questions and answers as the machine understands them.
import { RejectError } from "@chasqui/bus";
import type { AnswerApproval, OpenApproval } from "@chasqui/contracts";
import type { AnswerMessage, Question, RunMessage } from "@chasqui/machine";
import { jsonOf, named, refOf } from "./translate-parts.ts";

export const questionAsked = (open: OpenApproval): RunMessage => ({
  ...{ kind: "open_approval", ...refOf(open.task), attempt: open.attempt },
  question: questionOf(open),
});

function questionOf(open: OpenApproval): Question {
  const { message, approvers, onReject, fallback } = open;
  if (onReject !== "fail" && onReject !== "skip")
    throw new RejectError(`OpenApproval: on_reject ${JSON.stringify(onReject)}: want fail or skip`);
  if (fallback !== "" && fallback !== "approve" && fallback !== "reject")
    throw new RejectError(
      `OpenApproval: fallback ${JSON.stringify(fallback)}: want approve, reject or nothing`,
    );
  const form = jsonOf("form_json", open.formJson);
  return {
    message,
    ...(form === undefined ? {} : { form }),
    approvers,
    onReject,
    ...(fallback === "" ? {} : { fallback }),
    values: jsonOf("values_json", open.valuesJson) ?? {},
  };
}

export function answerOf(answer: AnswerApproval): AnswerMessage {
  const { task, attempt, approved, by, comment } = answer;
  const values = jsonOf("values_json", answer.valuesJson) ?? {};
  const who = named("person", by);
  return { kind: "answer", ...refOf(task), attempt, approved, by: who, comment, values };
}
