// What templates look like from here.
import type { Row } from "../core/rows.ts";

/** What a template may read. */
export interface TemplateScope {
  readonly report: string;
  readonly period: string;
  readonly environment: string;
  readonly run: { readonly id: string; readonly dag_id: string };
  readonly locale: string;
  readonly recipient: Row;
  readonly rows: readonly Row[];
}

export interface RenderedMail {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

export interface Template {
  /** Why a recipient without rows gets no mail: "no routes in 2026-11-22". */
  emptyReason(period: string): string;
  /** Rejects with TemplateError. */
  render(scope: TemplateScope): Promise<RenderedMail>;
}

/** A template that is not there or does not work; the message says which, where, and what there is. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

export interface Templates {
  /** Rejects with TemplateError. */
  load(name: string): Promise<Template>;
}
