// The limits of Block Kit, with Slack's error for breaking them: an alert that is too long must
// fail here as it would fail there.
import { at, isObject, listAt, textAt } from "../web/json.ts";
import { SlackError } from "./calls.ts";

const LIMITS: Readonly<Record<string, number>> = {
  blocks: 50,
  attachments: 100,
  fields: 10,
  contextElements: 10,
  actionElements: 25,
};
const BLOCK_TYPES = [
  "header",
  "section",
  "context",
  "divider",
  "actions",
  "image",
  "rich_text",
  "markdown",
  "input",
  "file",
  "video",
];

export function checkBlocks(blocks: unknown): readonly unknown[] | undefined {
  if (blocks === undefined || blocks === "") return undefined;
  if (!Array.isArray(blocks)) throw new SlackError("invalid_blocks_format");
  const wrong: string[] = [];
  atMost(wrong, blocks, "blocks", "/blocks");
  blocks.forEach((block, index) => checkBlock(wrong, block, `/blocks/${index}`));
  if (wrong.length > 0) throw new SlackError("invalid_blocks", wrong);
  return blocks;
}

export function checkAttachments(attachments: unknown): readonly unknown[] | undefined {
  if (attachments === undefined || attachments === "") return undefined;
  if (!Array.isArray(attachments)) throw new SlackError("invalid_attachments");
  const wrong: string[] = [];
  atMost(wrong, attachments, "attachments", "/attachments");
  attachments.forEach((attachment, index) =>
    listAt(attachment, "blocks").forEach((block, place) =>
      checkBlock(wrong, block, `/attachments/${index}/blocks/${place}`),
    ),
  );
  if (wrong.length > 0) throw new SlackError("invalid_attachments", wrong);
  return attachments;
}

function checkBlock(wrong: string[], block: unknown, where: string): void {
  const type = textAt(block, "type") ?? "";
  switch (type) {
    case "header":
      text(wrong, at(block, "text"), { where: `${where}/text`, max: 150, plain: true });
      return;
    case "section": {
      const fields = listAt(block, "fields");
      if (at(block, "text") === undefined && fields.length === 0) {
        wrong.push(`[ERROR] missing required field: text or fields [json-pointer:${where}]`);
      }
      if (at(block, "text") !== undefined) {
        text(wrong, at(block, "text"), { where: `${where}/text`, max: 3_000 });
      }
      atMost(wrong, fields, "fields", `${where}/fields`);
      fields.forEach((field, index) =>
        text(wrong, field, { where: `${where}/fields/${index}`, max: 2_000 }),
      );
      return;
    }
    case "context": {
      const elements = listAt(block, "elements");
      if (elements.length === 0) wrong.push(`[ERROR] no elements [json-pointer:${where}/elements]`);
      atMost(wrong, elements, "contextElements", `${where}/elements`);
      elements.forEach((element, index) => {
        if (textAt(element, "type") === "image") return;
        text(wrong, element, { where: `${where}/elements/${index}`, max: 3_000 });
      });
      return;
    }
    case "actions": {
      const elements = listAt(block, "elements");
      if (elements.length === 0) wrong.push(`[ERROR] no elements [json-pointer:${where}/elements]`);
      atMost(wrong, elements, "actionElements", `${where}/elements`);
      elements.forEach((element, index) =>
        checkButton(wrong, element, `${where}/elements/${index}`),
      );
      return;
    }
    default:
      if (!BLOCK_TYPES.includes(type)) {
        wrong.push(`[ERROR] unsupported type: ${type} [json-pointer:${where}/type]`);
      }
  }
}

function checkButton(wrong: string[], element: unknown, where: string): void {
  if (textAt(element, "type") !== "button") return;
  text(wrong, at(element, "text"), { where: `${where}/text`, max: 75, plain: true });
  if ((textAt(element, "value") ?? "").length > 2_000) {
    wrong.push(`[ERROR] must be less than 2001 characters [json-pointer:${where}/value]`);
  }
  if ((textAt(element, "url") ?? "").length > 3_000) {
    wrong.push(`[ERROR] must be less than 3001 characters [json-pointer:${where}/url]`);
  }
}

function text(
  wrong: string[],
  value: unknown,
  rule: { where: string; max: number; plain?: boolean },
): void {
  const { where, max, plain = false } = rule;
  const type = textAt(value, "type");
  const content = textAt(value, "text");
  if (!isObject(value) || content === undefined) {
    wrong.push(`[ERROR] missing required field: text [json-pointer:${where}]`);
    return;
  }
  if (type !== "plain_text" && (plain || type !== "mrkdwn")) {
    wrong.push(
      `[ERROR] must be ${plain ? "plain_text" : "plain_text or mrkdwn"} [json-pointer:${where}/type]`,
    );
  }
  if (content.length < 1) {
    wrong.push(`[ERROR] must be more than 0 characters [json-pointer:${where}/text]`);
  }
  if (content.length > max) {
    wrong.push(`[ERROR] must be less than ${max + 1} characters [json-pointer:${where}/text]`);
  }
}

function atMost(wrong: string[], list: readonly unknown[], kind: string, where: string): void {
  const max = LIMITS[kind] ?? 0;
  if (list.length > max) {
    wrong.push(`[ERROR] no more than ${max} items allowed [json-pointer:${where}]`);
  }
}
