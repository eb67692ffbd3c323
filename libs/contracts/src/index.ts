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
export {
  DagSpecSchema,
  ScheduleSchema,
  EventTriggerSchema,
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
  EventTrigger,
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
  ListDagsRequestSchema,
  ListDagsResponseSchema,
  GetDagRequestSchema,
  GetDagResponseSchema,
  SetPausedRequestSchema,
  SetPausedResponseSchema,
  DagSchema,
  DagAppliedSchema,
  DagService,
} from "./gen/chasqui/dag/v1/dag_service_pb.ts";
export type {
  ApplyDagsRequest,
  ApplyDagsResponse,
  AppliedDag,
  ListDagsRequest,
  ListDagsResponse,
  GetDagRequest,
  GetDagResponse,
  SetPausedRequest,
  SetPausedResponse,
  Dag,
  DagApplied,
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
  TimerDueSchema,
  ContinueRunSchema,
  AdmitRunSchema,
  SettleRunSchema,
  ApplyVersionSchema,
  SetPausedCommandSchema,
  LoseAttemptSchema,
  CommandVerdictSchema,
  ReopenRunSchema,
  TaskRefSchema,
  ClearTasksSchema,
  MarkTaskSchema,
  SlotGrantedSchema,
} from "./gen/chasqui/run/v1/inbox_pb.ts";
export type {
  InboxMessage,
  StartRun,
  CancelRun,
  TimerDue,
  ContinueRun,
  AdmitRun,
  SettleRun,
  ApplyVersion,
  SetPausedCommand,
  LoseAttempt,
  CommandVerdict,
  ReopenRun,
  TaskRef,
  ClearTasks,
  MarkTask,
  SlotGranted,
} from "./gen/chasqui/run/v1/inbox_pb.ts";
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
} from "./gen/chasqui/run/v1/run_events_pb.ts";
export {
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
export type { Run, RunCause, Task } from "./gen/chasqui/run/v1/run_pb.ts";
export {
  StartRunRequestSchema,
  StartRunResponseSchema,
  GetRunRequestSchema,
  GetRunResponseSchema,
  ListRunsRequestSchema,
  ListRunsResponseSchema,
  CancelRunRequestSchema,
  CancelRunResponseSchema,
  WatchRunRequestSchema,
  WatchRunResponseSchema,
  GetRunHistoryRequestSchema,
  GetRunHistoryResponseSchema,
  HistoryEntrySchema,
  ClaimAttemptRequestSchema,
  ClaimAttemptResponseSchema,
  ListSettledRequestSchema,
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
  ListSchedulesRequestSchema,
  ListSchedulesResponseSchema,
  ScheduleStatusSchema,
  ListTicksRequestSchema,
  ListTicksResponseSchema,
  TickSchema,
  ListTriggersRequestSchema,
  ListTriggersResponseSchema,
  TriggerRecordSchema,
  TickOutcome,
  TickOutcomeSchema,
  ScheduleService,
} from "./gen/chasqui/schedule/v1/schedule_service_pb.ts";
export type {
  ListSchedulesRequest,
  ListSchedulesResponse,
  ScheduleStatus,
  ListTicksRequest,
  ListTicksResponse,
  Tick,
  ListTriggersRequest,
  ListTriggersResponse,
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
  deriveId,
  eventIdOf,
  runIdOf,
  spanIdOf,
  traceIdOf,
  triggerMessageIdOf,
  updateIdOf,
} from "./ids.ts";
export type { AttemptKey } from "./ids.ts";
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
