// An incident as a Slack message: Block Kit, and plain text for notifications.
// Invariants:
//   B1. Whatever the facts hold, Slack takes the message: at most 50 blocks, 3,000 characters a section, 10 fields.
//   B2. Nothing from a log or a name is markup: it cannot mention, link or end a code block.
//   B3. No line shows what looks like a secret.
import { type Facts, type Question, type TaskFact, taskName } from "./facts.ts";
import { type IncidentState, stateOf, titleOf } from "./incident-state.ts";
import { maskLine } from "./mask-line.ts";

export interface Links {
  readonly run: string | undefined;
  readonly trace: string | undefined;
  /** The run's trace, shown also without a link. */
  readonly traceId: string | undefined;
  /** Names of buttons, when the Slack app tells us of presses. */
  readonly actions?: { readonly approve: string; readonly reject: string } | undefined;
}

interface Text {
  readonly type: "mrkdwn" | "plain_text";
  readonly text: string;
}
export interface Button {
  readonly type: "button";
  readonly text: Text;
  readonly action_id: string;
  readonly value?: string;
  readonly url?: string;
  readonly style?: "primary" | "danger";
}
export type Block =
  | { readonly type: "actions"; readonly elements: readonly Button[] }
  | { readonly type: "header"; readonly text: Text }
  | { readonly type: "section"; readonly text?: Text; readonly fields?: readonly Text[] }
  | { readonly type: "context"; readonly elements: readonly Text[] };

export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly Block[];
}

const TASKS_SHOWN_MAX = 5;
const HEADER_LENGTH_MAX = 150;
const SECTION_LENGTH_MAX = 2_900;
const FIELD_LENGTH_MAX = 1_900;
const ADDRESS_LENGTH_MAX = 1_000;

const MARKS: Readonly<Record<IncidentState, string>> = {
  open: ":red_circle:",
  recovered: ":large_green_circle:",
  failed: ":red_circle:",
  cancelled: ":white_circle:",
  succeeded: ":large_green_circle:",
  paused: ":double_vertical_bar:",
  asked: ":raised_hand:",
  answered: ":white_check_mark:",
};

export function messageOf(facts: Facts, links: Links): SlackMessage {
  const title = titleOf(facts);
  const shown = shownTasks(facts);
  const hidden = facts.tasks.length - shown.length;
  const blocks: Block[] = [
    { type: "header", text: plain(`${MARKS[stateOf(facts)]} ${title}`) },
    { type: "section", fields: runFields(facts, links) },
    ...pausedBlocks(facts),
    ...questionBlocks(facts, links),
    ...settledBlocks(facts),
    ...shown.flatMap((task) => taskBlocks(task, facts, links)),
  ];
  if (hidden > 0 || facts.moreTasks)
    blocks.push(context([`and ${facts.moreTasks ? "more than " : ""}${hidden} more tasks`]));
  blocks.push(context(linkTexts(facts, links)));
  return { text: fallback(facts, title), blocks };
}

/** What still fails first. */
function shownTasks({ tasks }: Facts): TaskFact[] {
  const rank = { failed: 0, retrying: 1, recovered: 2 } as const;
  return tasks
    .filter((task) => task.failure !== undefined)
    .sort((a, b) => rank[a.state] - rank[b.state])
    .slice(0, TASKS_SHOWN_MAX);
}

function runFields({ run, paused }: Facts, links: Links): Text[] {
  const runName = links.run === undefined ? escape(run.runId) : link(links.run, run.runId);
  if (paused !== undefined)
    return [
      field("Environment", escape(run.environment)),
      field("DAG", escape(run.dagId)),
      field("Last failed run", runName),
      field("DAG version", String(run.dagVersion)),
    ];
  return [
    field("Environment", escape(run.environment)),
    field("DAG", escape(run.dagId)),
    field("Run", runName),
    field("Key", escape(run.key)),
    field("Logical date", new Date(run.logicalMs).toISOString().replace(".000Z", "Z")),
    field("DAG version", String(run.dagVersion)),
  ];
}

/** What is asked, of whom, until when; then how it ended, and no buttons any more. */
function questionBlocks({ run, question }: Facts, links: Links): Block[] {
  if (question === undefined) return [];
  const asked = section(escape(maskLine(question.message)));
  const { closing, approvers } = question;
  if (closing !== undefined) {
    const by = closing.by === "" ? "" : ` by ${escape(maskLine(closing.by))}`;
    const why = closing.comment === "" ? "" : `: ${escape(maskLine(closing.comment))}`;
    return [asked, section(`*${closing.outcome}*${by}${why}`)];
  }
  const who = approvers.length === 0 ? "Anybody may answer" : `For ${escape(approvers.join(", "))}`;
  const command = `chasqui approve ${run.runId} ${taskName(question)}`;
  const terms = `${who}${untilOf(question)} · \`${escape(command)}\``;
  const buttons = buttonsOf(run.runId, question, links);
  return [
    asked,
    section(terms),
    ...(buttons.length === 0 ? [] : [{ type: "actions" as const, elements: buttons }]),
  ];
}

function untilOf({ untilMs, fallback: then }: Question): string {
  if (untilMs === undefined) return "";
  const date = `<!date^${Math.floor(untilMs / 1_000)}^{date_short_pretty} {time}|${new Date(untilMs).toISOString()}>`;
  return `, until ${date}, then ${then === "" ? "it fails" : then === "approve" ? "it is approved" : "it is rejected"}`;
}

/** A form is filled in in the console; yes or no can be said here. */
function buttonsOf(runId: string, question: Question, { run, actions }: Links): Button[] {
  const { attempt, hasForm } = question;
  const task = taskName(question);
  const value = JSON.stringify({ run: runId, task, attempt });
  const label = (text: string): Text => ({ type: "plain_text", text });
  if (actions !== undefined && !hasForm) {
    const { approve, reject } = actions;
    return [
      { type: "button", text: label("Approve"), action_id: approve, value, style: "primary" },
      { type: "button", text: label("Reject"), action_id: reject, value, style: "danger" },
    ];
  }
  if (run === undefined) return [];
  return [{ type: "button", text: label("Answer in the console"), action_id: "open", url: run }];
}

/** Why nothing runs any more, and how that ends. */
function pausedBlocks({ run, paused }: Facts): Block[] {
  if (paused === undefined) return [];
  const why = `Chasqui paused *${escape(run.dagId)}*, as its \`auto_pause_after\` says: ${escape(maskLine(paused.reason))}.`;
  const how = `Until somebody resumes it, new runs wait and due times are recorded, not run. When it is mended:\n\`chasqui resume ${escape(run.dagId)}\``;
  return [section(`${why}\n${how}`), section(codeBlock(paused.runIds))];
}

function settledBlocks({ settled }: Facts): Block[] {
  if (settled === undefined) return [];
  const reason = settled.reason === "" ? "" : `: ${escape(maskLine(settled.reason))}`;
  return [section(`The run *${settled.state}*${reason}`)];
}

function taskBlocks(task: TaskFact, facts: Facts, links: Links): Block[] {
  const { failure } = task;
  if (failure === undefined) return [];
  const name = escape(taskName(task));
  const titled = links.run === undefined ? `*${name}*` : `*${link(links.run, taskName(task))}*`;
  const attempt = `attempt ${failure.attempt} of ${failure.attemptsMax}`;
  const what = `${titled} ${stateWord(task, facts)} · \`${escape(failure.failureClass)}\` · ${attempt}${nextTry(task, facts)}`;
  const outside = failure.link === undefined ? "" : ` · ${link(failure.link, "job")}`;
  const blocks = [section(`${what}${outside}\n${escape(maskLine(failure.message))}`)];
  if (failure.logTail.length > 0) blocks.push(section(codeBlock(failure.logTail)));
  return blocks;
}

function stateWord(task: TaskFact, { settled }: Facts): string {
  if (task.state === "retrying" && settled !== undefined) return "failed an attempt";
  return task.state === "retrying" ? "failed, will be tried again" : task.state;
}

/** Slack shows the time in each reader's own zone; the fallback is UTC. */
function nextTry({ state, failure }: TaskFact, { settled }: Facts): string {
  if (state !== "retrying" || settled !== undefined || failure?.retryMs === undefined) return "";
  const seconds = Math.floor(failure.retryMs / 1_000);
  const utc = new Date(failure.retryMs).toISOString();
  return ` · next try <!date^${seconds}^{date_short_pretty} {time_secs}|${utc}>`;
}

function linkTexts(facts: Facts, links: Links): string[] {
  return [
    ...(links.run === undefined ? [] : [link(links.run, "Console")]),
    ...(links.trace === undefined ? [] : [link(links.trace, "Trace")]),
    ...(links.traceId === undefined ? [] : [`trace ${links.traceId}`]),
    `chasqui ${escape(facts.run.environment)}`,
  ];
}

function fallback(facts: Facts, title: string): string {
  const [first] = shownTasks(facts);
  const why =
    first?.failure === undefined
      ? ""
      : ` (${first.failure.failureClass}: ${maskLine(first.failure.message)})`;
  return cut(escape(`[${facts.run.environment}] ${title}${why}`), SECTION_LENGTH_MAX);
}

/** The newest lines that fit. */
function codeBlock(lines: readonly string[]): string {
  let text = "";
  for (const line of lines.toReversed()) {
    const next = `${escape(maskLine(line))}\n${text}`;
    if (next.length > SECTION_LENGTH_MAX) break;
    text = next;
  }
  return `\`\`\`${text.trimEnd()}\`\`\``;
}

/** Slack's three characters are the door of all markup; three backticks would end or begin a code block. */
function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("```", "\u02cb\u02cb\u02cb");
}

/** An address that is cut would take what follows it along, so a long one is left out. */
function link(url: string, text: string): string {
  const address = url.replaceAll("&", "&amp;");
  if (!/^https?:\/\/[^\s<>|`]+$/.test(url) || address.length > ADDRESS_LENGTH_MAX)
    return escape(text);
  return `<${address}|${escape(text).replaceAll("|", "/")}>`;
}

/** Cut so that no escape and no character is left in half: "&am" would show, and Slack takes no half of an emoji. */
function cut(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  return `${text.slice(0, lengthMax - 1).replace(/&[a-z]{0,3}$|[\ud800-\udbff]$/, "")}…`;
}

function plain(text: string): Text {
  const line = maskLine(text).replace(/\s+/g, " ");
  return { type: "plain_text", text: cut(line, HEADER_LENGTH_MAX) };
}

function field(name: string, value: string): Text {
  return { type: "mrkdwn", text: cut(`*${name}*\n${value}`, FIELD_LENGTH_MAX) };
}

function section(text: string): Block {
  return { type: "section", text: { type: "mrkdwn", text: cut(text, SECTION_LENGTH_MAX + 100) } };
}

function context(texts: readonly string[]): Block {
  const text = cut(texts.join(" · "), SECTION_LENGTH_MAX);
  return { type: "context", elements: [{ type: "mrkdwn", text }] };
}
