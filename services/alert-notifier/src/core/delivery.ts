// Getting an incident into its channel: what to do next, and what an answer of Slack means.
//
//   pending ─▶ posting ─▶ posted ─▶ (edited whenever the incident changes)
//                     ├▶ pending       surely not posted: again, later
//                     ├▶ refused       Slack says no: again, much later, with the reason shown
//                     └▶ unconfirmed   nobody knows: looked up until Slack says yes or no
//
// Invariants (each has a property test of the same name):
//   P1. Only a claim of a pending or refused row posts; a row that may be in Slack is edited or looked up, never posted.
//   P2. A process that died while posting leaves a doubt, not a second post.
//   P3. No row is given up: each that is not shown as it is has a next time.

export type DeliveryState = "pending" | "posting" | "posted" | "refused" | "unconfirmed";

/** Where a message is in Slack. */
export interface Posted {
  readonly channelId: string;
  readonly messageTs: string;
}

interface Common {
  /** Times in a row that it did not work. */
  readonly failureCount: number;
}

export type Delivery =
  | (Common & { readonly state: "pending" })
  | (Common & { readonly state: "posting"; readonly leaseOver: boolean })
  | (Common & { readonly state: "posted"; readonly postedRevision: number; readonly at: Posted })
  | (Common & { readonly state: "refused" | "unconfirmed"; readonly reason: string });

export type Step = "post" | "edit" | "doubt" | "look_up" | "rest";

/** What a row that is due wants. */
export function nextStep(delivery: Delivery, revision: number): Step {
  switch (delivery.state) {
    case "pending":
    case "refused":
      return "post";
    case "posting":
      return delivery.leaseOver ? "doubt" : "rest";
    case "posted":
      return delivery.postedRevision < revision ? "edit" : "rest";
    case "unconfirmed":
      return "look_up";
  }
}

export type SlackAnswer =
  | { readonly kind: "done"; readonly at: Posted }
  /** Surely not taken; Slack says when to come back. */
  | { readonly kind: "rate_limited"; readonly retryAfterMs: number }
  /** Surely not taken: nobody was reached. */
  | { readonly kind: "away"; readonly reason: string }
  /** Surely not taken, and the same again will not be. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The message to edit is not there any more: somebody deleted it. */
  | { readonly kind: "gone" }
  /** May have been taken. */
  | { readonly kind: "doubt"; readonly reason: string };

export type LookUpAnswer =
  | { readonly kind: "found"; readonly at: Posted; readonly revision: number }
  | { readonly kind: "absent" }
  | { readonly kind: "unknown"; readonly reason: string };

export interface Next {
  readonly delivery: Delivery;
  /** When the row is looked at again. */
  readonly rowAfterMs: number;
  /** For how long nobody posts in this channel: Slack's own wish, or it is away. */
  readonly channelAfterMs: number;
}

/** Slack wants about one message a second and channel. */
export const CHANNEL_PACE_MS = 1_000;
const BACKOFF_MS = 1_000;
const BACKOFF_MS_MAX = 60_000;
const REFUSED_MS = 15 * 60_000;

export const backoffMs = (failureCount: number): number =>
  Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** Math.min(20, Math.max(0, failureCount - 1)));

export function afterPost(
  before: Delivery,
  {
    answer,
    revision,
    doubtMs,
  }: {
    readonly answer: SlackAnswer;
    readonly revision: number;
    /** What Slack is given to finish a post that we gave up on, before it is looked up. */
    readonly doubtMs: number;
  },
): Next {
  const failureCount = before.failureCount + 1;
  const again = backoffMs(failureCount);
  switch (answer.kind) {
    case "done":
      return shown(answer.at, revision);
    case "rate_limited": {
      // Slack's wish is not our failure, so it does not raise the backoff.
      const wait = Math.max(CHANNEL_PACE_MS, answer.retryAfterMs);
      const { failureCount: same } = before;
      return {
        delivery: { state: "pending", failureCount: same },
        rowAfterMs: wait,
        channelAfterMs: wait,
      };
    }
    case "away":
      return {
        delivery: { state: "pending", failureCount },
        rowAfterMs: again,
        channelAfterMs: again,
      };
    case "gone":
    case "refused": {
      const reason = answer.kind === "gone" ? "message_not_found" : answer.reason;
      return {
        delivery: { state: "refused", failureCount, reason },
        rowAfterMs: REFUSED_MS,
        channelAfterMs: CHANNEL_PACE_MS,
      };
    }
    case "doubt":
      return {
        delivery: { state: "unconfirmed", failureCount, reason: answer.reason },
        rowAfterMs: doubtMs,
        channelAfterMs: CHANNEL_PACE_MS,
      };
  }
}

/** An edit may be said twice, so a doubt is no more than a reason to say it again. */
export function afterEdit(
  before: Delivery & { readonly state: "posted" },
  { answer, revision }: { readonly answer: SlackAnswer; readonly revision: number },
): Next {
  const failureCount = before.failureCount + 1;
  const again = backoffMs(failureCount);
  const same: Delivery = { ...before, failureCount };
  switch (answer.kind) {
    case "done":
      return shown(before.at, revision);
    case "gone": // who deletes our message does not want another one
      return shown(before.at, revision);
    case "rate_limited": {
      const wait = Math.max(CHANNEL_PACE_MS, answer.retryAfterMs);
      return { delivery: before, rowAfterMs: wait, channelAfterMs: wait };
    }
    case "away":
    case "doubt":
      return { delivery: same, rowAfterMs: again, channelAfterMs: again };
    case "refused":
      return { delivery: same, rowAfterMs: REFUSED_MS, channelAfterMs: CHANNEL_PACE_MS };
  }
}

export function afterLookUp(before: Delivery, answer: LookUpAnswer): Next {
  const failureCount = before.failureCount + 1;
  switch (answer.kind) {
    case "found":
      return shown(answer.at, answer.revision);
    case "absent":
      return { delivery: { state: "pending", failureCount: 0 }, rowAfterMs: 0, channelAfterMs: 0 };
    case "unknown":
      return {
        delivery: { state: "unconfirmed", failureCount, reason: answer.reason },
        rowAfterMs: backoffMs(failureCount),
        channelAfterMs: 0,
      };
  }
}

/** A claim whose process is gone. */
export function afterDeath(before: Delivery): Next {
  const reason = "posted by a process that ended before it said what became of it";
  const { failureCount } = before;
  return {
    delivery: { state: "unconfirmed", failureCount, reason },
    rowAfterMs: 0,
    channelAfterMs: 0,
  };
}

function shown(at: Posted, postedRevision: number): Next {
  return {
    delivery: { state: "posted", failureCount: 0, at, postedRevision },
    rowAfterMs: 0,
    channelAfterMs: CHANNEL_PACE_MS,
  };
}
