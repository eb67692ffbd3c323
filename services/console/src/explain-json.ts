// Explanations, from protobuf to the JSON of the API.
import type { Cause, ExplainRunResponse, Explanation, Wait } from "@chasqui/contracts";
import type { ApiCause, ApiExplained, ApiExplanation, ApiWait } from "./api.ts";
import { given, notEmpty, time } from "./translate.ts";

export const explainedJson = ({
  runId,
  state,
  explanations,
}: ExplainRunResponse): ApiExplained => ({
  ...{ runId, state },
  explanations: explanations.map(explanationJson),
});

const explanationJson = (one: Explanation): ApiExplanation => ({
  ...given("task", notEmpty(one.task)),
  state: one.state,
  causes: one.causes.map(causeJson),
  ...time("expectedTime", one.expectedTime),
  ...given("expectedBy", notEmpty(one.expectedBy)),
  ...(one.expectedRuns === 0 ? {} : { expectedRuns: one.expectedRuns }),
  waits: one.waits.map(waitJson),
});

const causeJson = (cause: Cause): ApiCause => ({
  kind: cause.kind,
  text: cause.text,
  ...given("task", notEmpty(cause.task)),
  ...given("runId", notEmpty(cause.runId)),
  ...given("pool", notEmpty(cause.pool)),
  ...time("untilTime", cause.untilTime),
});

const waitJson = (wait: Wait): ApiWait => ({
  kind: wait.kind,
  text: wait.text,
  ...time("fromTime", wait.fromTime),
  ...time("untilTime", wait.untilTime),
});
