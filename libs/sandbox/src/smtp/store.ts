// The mails that were caught: each as it came (.eml) and parsed (.json), in one folder.
// Invariants:
//   M1. A mail that was accepted (250) is on disk, source first; a restart finds it.
//   M2. Ids rise in the order mails were accepted and are never used again within a folder.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isObject, parseJson } from "../web/json.ts";
import type { CaughtMail, Envelope, MailSummary } from "./mail.ts";
import { parseMail, summaryOf } from "./mail.ts";

const MAILS_MAX = 10_000;

export class MailStore {
  readonly #dir: string;
  readonly #onChange: (id: string) => void;
  /** By id, in order. Text and HTML stay on disk. */
  readonly #summaries = new Map<string, MailSummary>();
  #lastNumber = 0;

  constructor(dir: string, onChange: (id: string) => void) {
    this.#dir = dir;
    this.#onChange = onChange;
    mkdirSync(dir, { recursive: true });
    for (const file of readdirSync(dir).toSorted()) {
      const id = /^(\d{8})\.json$/.exec(file)?.[1];
      const number = /^(\d{8})\.eml$/.exec(file)?.[1];
      if (number !== undefined) this.#lastNumber = Math.max(this.#lastNumber, Number(number));
      const mail = id === undefined ? undefined : this.#read(id);
      if (mail !== undefined) this.#summaries.set(mail.id, summaryOf(mail));
    }
  }

  async accept(envelope: Envelope, source: Buffer): Promise<CaughtMail> {
    this.#lastNumber += 1;
    const id = String(this.#lastNumber).padStart(8, "0");
    const receivedAt = new Date().toISOString();
    writeFileSync(join(this.#dir, `${id}.eml`), source);
    const mail = await parseMail({ id, receivedAt, envelope }, source);
    writeFileSync(join(this.#dir, `${id}.json`), JSON.stringify(mail));
    this.#summaries.set(id, summaryOf(mail));
    const oldest = this.#summaries.keys().next().value;
    if (this.#summaries.size > MAILS_MAX && oldest !== undefined) this.#remove(oldest);
    this.#onChange(id);
    return mail;
  }

  /** Oldest first. */
  list(): readonly MailSummary[] {
    return [...this.#summaries.values()];
  }

  get(id: string): CaughtMail | undefined {
    return this.#summaries.has(id) ? this.#read(id) : undefined;
  }

  /** The mail as it came over the wire. */
  source(id: string): Buffer | undefined {
    return this.#summaries.has(id) ? readFileSync(join(this.#dir, `${id}.eml`)) : undefined;
  }

  clear(): void {
    for (const id of [...this.#summaries.keys()]) this.#remove(id);
    this.#onChange("");
  }

  #remove(id: string): void {
    this.#summaries.delete(id);
    for (const kind of ["eml", "json"]) rmSync(join(this.#dir, `${id}.${kind}`), { force: true });
  }

  #read(id: string): CaughtMail | undefined {
    const path = join(this.#dir, `${id}.json`);
    if (!existsSync(path)) return undefined;
    const parsed = parseJson(readFileSync(path, "utf8"));
    return isCaughtMail(parsed) ? parsed : undefined;
  }
}

/** A file of our own; one torn by a kill is not taken for a mail. */
function isCaughtMail(value: unknown): value is CaughtMail {
  return isObject(value) && typeof value["id"] === "string" && isObject(value["envelope"]);
}
