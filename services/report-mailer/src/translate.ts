// What a task of kind report.email says in its `with`, distrusted: read whole, or refused with all that is wrong.
import {
  type ConfigOf,
  connectionName,
  described,
  type KindConfig,
  kindConfig,
  list,
  map,
  object,
  oneOf,
  optional,
  scalarText,
  text,
  withDefault,
} from "@chasqui/runner";

const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const COLUMN = /^[A-Za-z_]\w{0,62}$/;
const name = (want: string) => text({ pattern: NAME, want });
const query = described("one SELECT; parameters are written :name", text({ lengthMax: 20_000 }));
const params = described(
  "values of the query's parameters; :day in the query is the value of `day`",
  optional(map(scalarText({ lengthMax: 4_096 }), { key: COLUMN, max: 50 })),
);

const fields = {
  report: described(
    "what the report is called; with the period and the recipient it makes a mail unique for ever",
    name('a name of lower-case letters, digits, "_" or "-"'),
  ),
  period: described(
    "what time it is about, for example ${run.date}",
    text({ pattern: /^[!-~]([ -~]{0,98}[!-~])?$/, want: "1 to 100 ASCII characters" }),
  ),
  connection: described(
    "the database, by its name in the environment file",
    connectionName(["postgres"]),
  ),
  mail_connection: withDefault(
    described("the mail server, by its name in the environment file", connectionName(["smtp"])),
    "mail",
  ),
  recipients: described(
    "who may get one: a row each with the key, `email`, and if there are any `name`, `locale` and `active`",
    object({
      query,
      params,
      key: described(
        "the column that ties data rows to recipients",
        text({ pattern: COLUMN, want: "a column" }),
      ),
    }),
  ),
  data: described(
    "the rows of all recipients; each gets those with its key",
    object({ query, params }),
  ),
  template: described("a folder in services/report-mailer/templates", name("a template's name")),
  subject: optional(described("in place of the template's", text({ lengthMax: 200 }))),
  attach: withDefault(
    described("files made of the recipient's rows", list(oneOf(["csv"]), { max: 1 })),
    [],
  ),
} as const;

export type ReportConfig = ConfigOf<typeof fields>;

/** Parser and JSON Schema in one. */
export const reportConfig: KindConfig<ReportConfig> = kindConfig(fields);
