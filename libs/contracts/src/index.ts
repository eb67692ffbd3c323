// The door of @chasqui/contracts: what is said on the wire.

export {
  ListIncidentsRequestSchema,
  ListIncidentsResponseSchema,
  IncidentSchema,
  AlertService,
} from "./gen/chasqui/alert/v1/alert_service_pb.ts";
export type {
  ListIncidentsRequest,
  ListIncidentsResponse,
  Incident,
} from "./gen/chasqui/alert/v1/alert_service_pb.ts";
export { BundleSchema } from "./gen/chasqui/bus/v1/bundle_pb.ts";
export type { BundledMessage } from "./gen/chasqui/bus/v1/bundle_pb.ts";
export {
  ListConnectionsRequestSchema,
  ListConnectionsResponseSchema,
  ConnectionSchema,
  ConnectionFieldSchema,
  TestConnectionRequestSchema,
  TestConnectionResponseSchema,
  ConnectionTestSchema,
  TryConnectionSchema,
  ConnectionService,
} from "./gen/chasqui/connection/v1/connection_service_pb.ts";
export type {
  ListConnectionsRequest,
  ListConnectionsResponse,
  Connection,
  ConnectionTest,
  TestConnectionRequest,
  TestConnectionResponse,
  TryConnection,
} from "./gen/chasqui/connection/v1/connection_service_pb.ts";
export {
  DagSpecSchema,
  ScheduleSchema,
  TriggerSchema,
  TriggerConditionSchema,
  EventConditionSchema,
  DagConditionSchema,
  AssetConditionSchema,
  BatchSchema,
  RateLimitSchema,
  RunOutcome,
  TaskSpecSchema,
  RetryPolicySchema,
  RetryRuleSchema,
  RetryOutcome,
  RetryOutcomeSchema,
  GroupSpecSchema,
  ForEachSchema,
  ForEachListSchema,
  ForEachMode,
  ForEachModeSchema,
  ConcurrencyKeySchema,
  TaskRole,
  TaskRoleSchema,
  AlertSpecSchema,
  Catchup,
  CatchupSchema,
  ClockFold,
  ClockGap,
  ExcludedDaysSchema,
  RunsFor,
  Overlap,
  OverlapSchema,
  TriggerRule,
  TriggerRuleSchema,
  AlertOn,
  AlertOnSchema,
} from "./gen/chasqui/dag/v1/dag_pb.ts";
export type {
  DagSpec,
  Schedule,
  ExcludedDays,
  Trigger,
  TriggerCondition,
  Batch,
  RateLimit,
  TaskSpec,
  RetryPolicy,
  RetryRule,
  GroupSpec,
  ForEach,
  ForEachList,
  ConcurrencyKey,
  AlertSpec,
} from "./gen/chasqui/dag/v1/dag_pb.ts";
export {
  ApplyDagsRequestSchema,
  ApplyDagsResponseSchema,
  AppliedDagSchema,
  CheckDagsRequestSchema,
  CheckDagsResponseSchema,
  DagFindingSchema,
  PolicyRefSchema,
  ListDagsRequestSchema,
  ListDagsResponseSchema,
  GetDagRequestSchema,
  GetDagResponseSchema,
  SetPausedRequestSchema,
  PauseChangesSchema,
  ListDagVersionsRequestSchema,
  ListDagVersionsResponseSchema,
  DagVersionSchema,
  RetireDagRequestSchema,
  RetireDagResponseSchema,
  SetPausedResponseSchema,
  DagSchema,
  DagAppliedSchema,
  DagAutoPausedSchema,
  DagService,
} from "./gen/chasqui/dag/v1/dag_service_pb.ts";
export type {
  ApplyDagsRequest,
  ApplyDagsResponse,
  AppliedDag,
  CheckDagsRequest,
  CheckDagsResponse,
  DagFinding,
  PolicyRef,
  ListDagsRequest,
  ListDagsResponse,
  GetDagRequest,
  GetDagResponse,
  SetPausedRequest,
  DagVersion,
  RetireDagRequest,
  ListDagVersionsRequest,
  SetPausedResponse,
  PauseChanges,
  Dag,
  DagApplied,
  DagAutoPaused,
} from "./gen/chasqui/dag/v1/dag_service_pb.ts";
export {
  LogBatchSchema,
  LogLineSchema,
  TailLogsRequestSchema,
  TailLogsResponseSchema,
  LogService,
} from "./gen/chasqui/log/v1/log_pb.ts";
export type {
  LogBatch,
  LogLine,
  TailLogsRequest,
  TailLogsResponse,
} from "./gen/chasqui/log/v1/log_pb.ts";
export {
  ListDeliveriesRequestSchema,
  ListDeliveriesResponseSchema,
  DeliverySchema,
  DeliveryState,
  DeliveryStateSchema,
  ReportService,
} from "./gen/chasqui/report/v1/report_service_pb.ts";
export type {
  ListDeliveriesRequest,
  ListDeliveriesResponse,
  Delivery,
} from "./gen/chasqui/report/v1/report_service_pb.ts";
export {
  InboxMessageSchema,
  StartRunSchema,
  CancelRunSchema,
  SettleRunSchema,
  CommandVerdictSchema,
  TaskRefSchema,
  ClearTasksSchema,
  MarkTaskSchema,
  SlotGrantedSchema,
  ParentRefSchema,
} from "./gen/chasqui/run/v1/inbox_pb.ts";
export type {
  InboxMessage,
  StartRun,
  CancelRun,
  SettleRun,
  ChangeDags,
  SetPausedCommand,
  CommandVerdict,
  TaskRef,
  ChildRun,
  ParentRef,
  ClearTasks,
  MarkTask,
  SlotGranted,
  AcquireSlots,
  OpenApproval,
  AnswerApproval,
} from "./gen/chasqui/run/v1/inbox_pb.ts";
export { ApprovalSchema, ApprovalService } from "./gen/chasqui/run/v1/approval_service_pb.ts";
export type { AnswerApprovalRequest, Approval } from "./gen/chasqui/run/v1/approval_service_pb.ts";
export { ExplainService, ExplanationSchema } from "./gen/chasqui/run/v1/explain_service_pb.ts";
export type {
  Cause,
  ExplainRunResponse,
  Explanation,
  Wait,
} from "./gen/chasqui/run/v1/explain_service_pb.ts";
export { PoolClaimSchema, PoolSchema, PoolService } from "./gen/chasqui/run/v1/pool_service_pb.ts";
export type { Pool, PoolClaim } from "./gen/chasqui/run/v1/pool_service_pb.ts";
export {
  RunRefSchema,
  RunStartedSchema,
  RunProgressedSchema,
  TaskChangeSchema,
  TaskFailureSchema,
  TaskFailedSchema,
  TaskRetryingSchema,
  TaskRecoveredSchema,
  RunSettledSchema,
  AssetProducedSchema,
  ProducedAssetSchema,
  ApprovalAskedSchema,
  ApprovalClosedSchema,
  ApprovalOutcome,
  AskedQuestionSchema,
  ClosedQuestionSchema,
} from "./gen/chasqui/run/v1/run_events_pb.ts";
export type {
  RunRef,
  RunStarted,
  RunProgressed,
  TaskChange,
  TaskFailure,
  TaskFailed,
  TaskRetrying,
  TaskRecovered,
  RunSettled,
  AssetProduced,
  ProducedAsset,
  ApprovalAsked,
  AskedQuestion,
  ApprovalClosed,
} from "./gen/chasqui/run/v1/run_events_pb.ts";
export {
  RunParentSchema,
  RunSchema,
  RunCauseSchema,
  TaskSchema,
  RunState,
  RunStateSchema,
  RunCauseKind,
  RunCauseKindSchema,
  TaskState,
  TaskStateSchema,
} from "./gen/chasqui/run/v1/run_pb.ts";
export type { Run, RunCause, RunParent, Task } from "./gen/chasqui/run/v1/run_pb.ts";
export {
  GetRunResponseSchema,
  ListRunsResponseSchema,
  HistoryEntrySchema,
  PlannedChangeSchema,
  PlannedChangesSchema,
  RerunVersion,
  ListSettledResponseSchema,
  RunService,
} from "./gen/chasqui/run/v1/run_service_pb.ts";
export type {
  StartRunRequest,
  StartRunResponse,
  GetRunRequest,
  GetRunResponse,
  ListRunsRequest,
  ListRunsResponse,
  CancelRunRequest,
  PlannedChanges,
  CancelRunResponse,
  WatchRunRequest,
  WatchRunResponse,
  GetRunHistoryRequest,
  GetRunHistoryResponse,
  HistoryEntry,
  ClaimAttemptRequest,
  ClaimAttemptResponse,
  ListSettledRequest,
  ListSettledResponse,
} from "./gen/chasqui/run/v1/run_service_pb.ts";
export {
  BackfillSchema,
  BackfillChangeSchema,
  BackfillDateSchema,
  BackfillAction,
  Reprocess,
  BackfillService,
} from "./gen/chasqui/schedule/v1/backfill_service_pb.ts";
export type {
  Backfill,
  BackfillChange,
  BackfillDate,
  CreateBackfillRequest,
} from "./gen/chasqui/schedule/v1/backfill_service_pb.ts";
export {
  ScheduleStatusSchema,
  TickSchema,
  TriggerRecordSchema,
  TickOutcome,
  TickOutcomeSchema,
  ScheduleService,
} from "./gen/chasqui/schedule/v1/schedule_service_pb.ts";
export type {
  ScheduleStatus,
  Tick,
  TriggerRecord,
} from "./gen/chasqui/schedule/v1/schedule_service_pb.ts";
export {
  AssignmentSchema,
  CancelAttemptSchema,
  AttemptUpdateSchema,
  FailureSchema,
  KindAnnouncementSchema,
  InventorySchema,
  AttemptState,
  AttemptStateSchema,
  FailureClass,
  FailureClassSchema,
} from "./gen/chasqui/task/v1/task_pb.ts";
export type {
  Assignment,
  CancelAttempt,
  AttemptUpdate,
  Failure,
  KindAnnouncement,
  Inventory,
} from "./gen/chasqui/task/v1/task_pb.ts";
export { TriggerEventSchema } from "./gen/chasqui/trigger/v1/trigger_pb.ts";
export type { TriggerEvent } from "./gen/chasqui/trigger/v1/trigger_pb.ts";
export {
  CloudEventError,
  MEDIA_CLOUD_EVENT,
  MEDIA_JSON,
  MEDIA_PROTOBUF,
  TRIGGER_TYPE,
  cloudEventHeaders,
  readCloudEvent,
  triggerData,
  triggerMessage,
} from "./cloud-events.ts";
export type {
  CloudEvent,
  CloudEventAttributes,
  TriggerInit,
  TriggerMessage,
} from "./cloud-events.ts";
export {
  attemptIdOf,
  poolIdOf,
  deriveId,
  eventIdOf,
  runIdOf,
  spanIdOf,
  traceIdOf,
  triggerMessageIdOf,
  updateIdOf,
} from "./ids.ts";
export type { AttemptKey } from "./ids.ts";
export { slackActions } from "./slack-actions.ts";
export { builtInKindSchemas } from "./kinds.ts";
export type { JsonSchema, JsonSchemaType } from "./json-schema.ts";
export { connectionTypes } from "./connection-types.ts";
export type { ConnectionField, ConnectionType, ConnectionTypeName } from "./connection-types.ts";
export {
  PARTITIONS,
  buckets,
  builtInKinds,
  consumersOf,
  eventWhats,
  inboxDurable,
  kindDurable,
  kindToken,
  kindsOf,
  partitionOf,
  streams,
  subjects,
  token,
} from "./topology.ts";
export type {
  ConsumerSpec,
  EventWhat,
  InboxWhat,
  Installation,
  StreamName,
  StreamSpec,
} from "./topology.ts";
export {
  ADMIN_USER,
  bucketStream,
  bucketSubject,
  inboxPrefixOf,
  jetStreamSubjects,
  renderAccounts,
  sourceUser,
  usersOf,
} from "./access.ts";
export type { AccountsOptions, BusUser } from "./access.ts";
export { Health, HealthCheckResponse_ServingStatus } from "./gen/grpc/health/v1/health_pb.ts";
export { ServerReflection } from "./gen/grpc/reflection/v1/reflection_pb.ts";
