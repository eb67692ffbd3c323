// A connection of the admin, for commands that a person gives: it does not wait for a broker.
import { ADMIN_USER } from "@chasqui/contracts";
import { openLink, type Link } from "./link.ts";
import type { BusLog } from "./types.ts";

export interface AdminOptions {
  readonly url: string;
  readonly user: "admin";
  readonly password: string;
  readonly log?: BusLog | undefined;
}

const silent: BusLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

export const openAdmin = ({ url, password, log = silent }: AdminOptions): Promise<Link> =>
  openLink({ url, password, user: ADMIN_USER, service: "chasqui-admin", log, isWaiting: false });
