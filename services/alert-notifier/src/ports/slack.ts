// What Slack looks like from here. Nothing rejects: every answer is one of the core's words.
import type { SlackMessage } from "../core/blocks.ts";
import type { LookUpAnswer, Posted, SlackAnswer } from "../core/delivery.ts";

/** What we write into a message's metadata, to find it again. */
export interface Mark {
  readonly incidentId: string;
  readonly revision: number;
}

export interface Slack {
  post(channel: string, message: SlackMessage, mark: Mark): Promise<SlackAnswer>;
  edit(at: Posted, message: SlackMessage, mark: Mark): Promise<SlackAnswer>;
  /** Looks for a message with our mark, posted not before `sinceMs`. */
  lookUp(
    channel: { readonly name: string; readonly id: string | undefined },
    options: { readonly incidentId: string; readonly sinceMs: number },
  ): Promise<LookUpAnswer>;
}
