// What the world hears of questions: that they are open, and how they ended.
import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { AskedQuestionSchema, ClosedQuestionSchema } from "@chasqui/contracts";
import { ApprovalOutcome } from "@chasqui/contracts";
import { APPROVAL_KIND } from "@chasqui/machine";
import type { Plan, Recorded } from "@chasqui/machine";

export function questionsOf({
  event,
  atMs,
}: Recorded): MessageInitShape<typeof AskedQuestionSchema>[] {
  if (event.type !== "approval_asked") return [];
  const { message, form, approvers, fallback = "" } = event.question;
  return [
    {
      ...{ taskId: event.t, mapIndex: event.i ?? -1, attempt: event.a, message, fallback },
      ...(form === undefined ? {} : { form: form as JsonObject }), // a JSON Schema, checked when it was rendered
      approvers: [...approvers],
      askedTime: timestampFromMs(atMs),
      ...(event.untilMs === undefined ? {} : { untilTime: timestampFromMs(event.untilMs) }),
    },
  ];
}

export function closuresOf(
  plan: Plan,
  { event, atMs }: Recorded,
): MessageInitShape<typeof ClosedQuestionSchema>[] {
  if (!("t" in event) || plan.tasks[plan.indexOf.get(event.t) ?? -1]?.kind !== APPROVAL_KIND)
    return [];
  const about = { taskId: event.t, mapIndex: event.i ?? -1, time: timestampFromMs(atMs) };
  switch (event.type) {
    case "approval_answered": {
      const { a: attempt, approved, by = "", comment } = event;
      const outcome = approved ? ApprovalOutcome.APPROVED : ApprovalOutcome.REJECTED;
      return [{ ...about, attempt, outcome, by, comment }];
    }
    case "attempt_failed":
      if (event.failure.class !== "timeout") return [];
      return [{ ...about, attempt: event.a, outcome: ApprovalOutcome.UNANSWERED }];
    case "task_cancelling":
      return [
        {
          ...about,
          ...{ attempt: event.a, outcome: ApprovalOutcome.WITHDRAWN },
          ...{ by: event.by ?? "", comment: event.reason ?? "" },
        },
      ];
    default:
      return [];
  }
}
