// Everything about a report that can fail without a mail being sent: configuration, queries, templates.
// Invariant: when `prepare` resolves, every due recipient's mail was rendered once, so a template that fails for one
// recipient sends to nobody.
import { ConnectionError } from "@chasqui/chassis";
import { TaskFailure, bindParameters } from "@chasqui/runner";
import type { MailConnection } from "./connections.ts";
import { supportedLocale } from "./core/format.ts";
import { type Candidate, candidatesOf, type DueRecipient } from "./core/recipients.ts";
import {
  type Template,
  TemplateError,
  type Templates,
  type TemplateScope,
} from "./ports/templates.ts";
import { type NamedQuery, QueryError, type ReadWarehouse } from "./ports/warehouse.ts";
import type { ReportConfig } from "./translate.ts";

export interface ReportLimits {
  readonly recipientsMax: number;
  readonly rowsMax: number;
}

export interface PreparePorts {
  readonly templates: Templates;
  readonly mailConnection: (name: string) => MailConnection;
  readonly warehouse: (connection: string) => ReadWarehouse;
  readonly limits: ReportLimits;
  readonly localeDefault: string;
}

export interface Prepared {
  readonly candidates: readonly Candidate[];
  readonly template: Template;
  readonly connection: MailConnection;
  readonly scopeOf: (recipient: DueRecipient) => TemplateScope;
}

export async function prepare(
  config: ReportConfig,
  about: Pick<TemplateScope, "environment" | "run">,
  ports: PreparePorts & { readonly signal: AbortSignal },
): Promise<Prepared> {
  try {
    const queries = [
      named("recipients.query", config.recipients, ports.limits.recipientsMax),
      named("data.query", config.data, ports.limits.rowsMax),
    ];
    const connection = ports.mailConnection(config.mail_connection);
    const template = await ports.templates.load(config.template);
    const read = ports.warehouse(config.connection);
    const [recipients = [], data = []] = await read(queries, { signal: ports.signal });
    const found = candidatesOf({
      recipients,
      data,
      key: config.recipients.key,
      emptyReason: template.emptyReason(config.period),
      localeDefault: ports.localeDefault,
    });
    if (found.kind === "problem") throw failure("config", found.message, { permanent: true });
    const scopeOf = (recipient: DueRecipient): TemplateScope => ({
      ...about,
      report: config.report,
      period: config.period,
      locale: supportedLocale(recipient.locale, ports.localeDefault),
      recipient: recipient.recipient,
      rows: recipient.rows,
    });
    for (const candidate of found.candidates)
      if (candidate.kind === "due") await template.render(scopeOf(candidate));
    return { candidates: found.candidates, template, connection, scopeOf };
  } catch (thrown) {
    throw asFailure(thrown);
  }
}

function named(
  name: string,
  { query, params }: { query: string; params: Record<string, string> | undefined },
  rowsMax: number,
): NamedQuery {
  const binding = bindParameters(query, params ?? {});
  if (binding.kind === "bound") return { name, query: binding.query, rowsMax };
  const { line, column } = binding.place;
  throw failure("config", `${name}:${line}:${column}: ${binding.message}`, { permanent: true });
}

/** What went wrong, with its class: whose fault it is decides whether it is tried again. */
function asFailure(thrown: unknown): unknown {
  if (thrown instanceof TemplateError || thrown instanceof ConnectionError)
    return failure("config", thrown.message, { permanent: true });
  if (thrown instanceof QueryError)
    return new TaskFailure(
      {
        class: thrown.kind,
        message: thrown.message,
        evidence: { ...thrown.evidence },
        permanent: thrown.kind === "config",
      },
      { cause: thrown },
    );
  return thrown;
}

function failure(
  kind: "config" | "upstream",
  message: string,
  { permanent }: { readonly permanent: boolean },
): TaskFailure {
  return new TaskFailure({ class: kind, message, permanent });
}
