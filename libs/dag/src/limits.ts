// Every bound of the DAG language, written once. The compiler, the expressions and the machine enforce them.
export const limits = {
  /** Characters of a DAG file. */
  sourceCharsMax: 1_048_576,
  /** Levels of nesting in a DAG file or a JSON value. */
  depthMax: 64,
  /** Values in a DAG file after aliases are followed. */
  nodesMax: 200_000,
  /** Tasks of one DAG. */
  tasksMax: 20_000,
  /** Groups of one DAG. */
  groupsMax: 2_000,
  /** Groups inside of groups. */
  groupDepthMax: 16,
  /** Items of one mapping when it does not say. */
  itemsDefault: 1_024,
  itemsMax: 20_000,
  /** Lists that one mapping combines. */
  listsMax: 8,
  /** Characters of a DAG or task id. */
  idCharsMax: 63,
  /** Characters of one CEL expression. */
  expressionCharsMax: 4_096,
  /** Elements that the macros (all, exists, map, filter) of one evaluation may visit. */
  expressionStepsMax: 20_000,
  /** Bytes of a task's output as JSON. */
  outputBytesMax: 65_536,
  /** Bytes of a task's rendered configuration as JSON. */
  configBytesMax: 262_144,
  /** Triggers of one DAG, and conditions in one of them. */
  triggersMax: 100,
  triggerConditionsMax: 32,
  /** Events that one run may collect. */
  batchEventsMax: 1_000,
  /** Runs that one rate may allow in its time. */
  rateRunsMax: 1_000,
  /** Crons of one schedule. */
  cronsMax: 20,
  /** Dates of one schedule. */
  datesMax: 1_000,
  /** Days and ranges that one schedule excludes. */
  excludesMax: 2_000,
  /** The shortest interval of a schedule. */
  everyMsMin: 1_000,
  /** The latest that jitter may make a tick. */
  jitterMsMax: 86_400_000,
  /** Repeats after the first attempt. */
  retriesMax: 100,
  /** Active runs of one DAG when the DAG does not say. */
  activeRunsDefault: 16,
  activeRunsMax: 10_000,
  /** Failed runs in a row before a DAG pauses itself. */
  autoPauseMax: 100,
  /** Tasks at work at once: of a run, of a mapping, of a task over all runs, for a key. */
  activeTasksMax: 10_000,
  /** Slots that one task may take of its pool. */
  poolSlotsMax: 10_000,
  /** Distance of a priority from 0. */
  priorityMax: 1_000_000,
  /** Rules of one retry policy. */
  retryRulesMax: 50,
  /** Assets of one task, earlier ids of a DAG or task. */
  namesMax: 100,
  /** The longest duration that a field may hold. */
  durationMsMax: 366 * 86_400_000,
  /** Characters of a description, an owner, a tag. */
  labelCharsMax: 1_000,
  /** Policies of one file. */
  policiesMax: 200,
  /** Problems listed for one file; more are counted. */
  problemsMax: 200,
} as const;
