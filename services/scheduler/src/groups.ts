// Groups of collected events whose time has come, or whose trigger is gone: looked for again and again, by every
// replica; the group's lock decides who deals with it.
import type { Logger } from "@chasqui/chassis";
import type { Sql } from "postgres";
import type { Collector } from "./collect.ts";
import type { Inbox } from "./ports/inbox.ts";
import type { Registry } from "./registry.ts";
import { listDue, listOrphans } from "./store/groups.ts";
import type { Place } from "./store/groups.ts";

export interface GroupsOptions {
  readonly sql: Sql;
  readonly registry: Registry;
  readonly collector: Collector;
  readonly inbox: Inbox;
  readonly log: Logger;
  readonly now: () => number;
}

const ROUND_GROUPS_MAX = 100;
const ORPHANS_EVERY_MS = 60_000;

/** One look at a time; answers how many groups were due. */
export function createGroupsRound(o: GroupsOptions): () => Promise<number> {
  let orphansMs = 0;

  async function close(place: Place, isOrphan: boolean): Promise<void> {
    const bound = isOrphan ? undefined : await o.registry.rule(place.dagId, place.rule);
    if (!isOrphan && bound === undefined) return; // another replica knows more; this one learns within a second
    const starts = await o.collector.close(place, bound);
    if (starts.length > 0) await o.inbox.say(starts);
  }

  return async () => {
    const nowMs = o.now();
    const due = await listDue(o.sql, nowMs, ROUND_GROUPS_MAX);
    for (const place of due) await close(place, false);
    if (nowMs - orphansMs < ORPHANS_EVERY_MS) return due.length;
    orphansMs = nowMs;
    for (const place of await listOrphans(o.sql, ROUND_GROUPS_MAX)) await close(place, true);
    return due.length;
  };
}
