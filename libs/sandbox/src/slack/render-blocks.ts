// Block Kit as HTML: what an alert looks like to people.
import { html, raw } from "../web/html.ts";
import type { Html } from "../web/html.ts";
import { at, listAt, objectAt, textAt } from "../web/json.ts";
import { renderMrkdwn, renderPlain } from "./mrkdwn.ts";

export function renderBlocks(blocks: readonly unknown[]): Html {
  return html`${blocks.map(renderBlock)}`;
}

function renderBlock(block: unknown): Html {
  switch (textAt(block, "type")) {
    case "header":
      return html`<h3 class="b-header">${renderText(at(block, "text"))}</h3>`;
    case "section":
      return renderSection(block);
    case "context":
      return html`<div class="b-context">
        ${listAt(block, "elements").map((element) => html`<span>${renderElement(element)}</span>`)}
      </div>`;
    case "divider":
      return html`<hr class="b-divider" />`;
    case "actions":
      return html`<div class="b-actions">${listAt(block, "elements").map(renderElement)}</div>`;
    case "image":
      return renderImage(block);
    case "markdown":
      return html`<div class="b-text b-pre">${textAt(block, "text") ?? ""}</div>`;
    case "rich_text":
      return html`<div class="b-text">${listAt(block, "elements").map(renderRich)}</div>`;
    default:
      return html`<details class="b-unknown">
        <summary>${textAt(block, "type") ?? "block"}</summary>
        <pre>${JSON.stringify(block, null, 2)}</pre>
      </details>`;
  }
}

function renderSection(block: unknown): Html {
  const fields = listAt(block, "fields");
  const accessory = at(block, "accessory");
  return html`<div class="b-section">
    <div>
      ${
        at(block, "text") !== undefined &&
        html`<div class="b-text">${renderText(at(block, "text"))}</div>`
      }
      ${
        fields.length > 0 &&
        html`<div class="b-fields">
          ${fields.map((field) => html`<div>${renderText(field)}</div>`)}
        </div>`
      }
    </div>
    ${accessory !== undefined && html`<div class="b-actions">${renderElement(accessory)}</div>`}
  </div>`;
}

function renderElement(element: unknown): Html {
  switch (textAt(element, "type")) {
    case "button":
      return renderButton(element);
    case "image":
      return renderImage(element);
    case "mrkdwn":
    case "plain_text":
      return renderText(element);
    default: {
      const label = textAt(element, "placeholder", "text") ?? textAt(element, "type") ?? "";
      return html`<span class="button">${label} ▾</span>`;
    }
  }
}

function renderButton(element: unknown): Html {
  const label = renderText(at(element, "text"));
  const style = textAt(element, "style");
  const look = `button${style === "primary" || style === "danger" ? ` ${style}` : ""}`;
  const url = textAt(element, "url") ?? "";
  if (!/^https?:\/\//.test(url)) {
    return html`<span class="${look}" title="${textAt(element, "action_id") ?? ""}"
      >${label}</span
    >`;
  }
  return html`<a class="${look}" href="${url}" target="_blank" rel="noopener noreferrer"
    >${label}</a
  >`;
}

/** Pictures are elsewhere, and nothing is loaded from elsewhere: a link with the alt text. */
function renderImage(image: unknown): Html {
  const url = textAt(image, "image_url") ?? "";
  const alt = textAt(image, "alt_text") ?? "image";
  if (!/^https?:\/\//.test(url)) return html`<span class="b-image">🖼 ${alt}</span>`;
  return html`<a class="b-image" href="${url}" target="_blank" rel="noopener noreferrer"
    >🖼 ${alt}</a
  >`;
}

export function renderText(text: unknown): Html {
  const content = textAt(text, "text") ?? "";
  return textAt(text, "type") === "mrkdwn" ? renderMrkdwn(content) : renderPlain(content);
}

function renderRich(element: unknown): Html {
  const parts = listAt(element, "elements");
  switch (textAt(element, "type")) {
    case "rich_text_preformatted":
      return html`<pre>${parts.map(renderRichPart)}</pre>`;
    case "rich_text_quote":
      return html`<blockquote>${parts.map(renderRichPart)}</blockquote>`;
    case "rich_text_list": {
      const tag = textAt(element, "style") === "ordered" ? "ol" : "ul";
      const items = parts.map((part) => html`<li>${renderRich(part)}</li>`);
      return html`${raw(`<${tag}>`)}${items}${raw(`</${tag}>`)}`;
    }
    default:
      return html`${parts.map(renderRichPart)}`;
  }
}

function renderRichPart(part: unknown): Html {
  const text = renderPlain(textAt(part, "text") ?? "");
  const style = objectAt(part, "style");
  switch (textAt(part, "type")) {
    case "link": {
      const url = textAt(part, "url") ?? "";
      if (!/^https?:\/\//.test(url)) return html`${url}`;
      const label = textAt(part, "text") ?? url;
      return html`<a href="${url}" target="_blank" rel="noopener noreferrer">${label}</a>`;
    }
    case "emoji":
      return renderPlain(`:${textAt(part, "name") ?? ""}:`);
    case "text":
      if (style["code"] === true) return html`<code>${text}</code>`;
      if (style["bold"] === true) return html`<strong>${text}</strong>`;
      if (style["italic"] === true) return html`<em>${text}</em>`;
      if (style["strike"] === true) return html`<s>${text}</s>`;
      return text;
    default:
      return html`<span class="mention">${textAt(part, "type") ?? ""}</span>`;
  }
}
