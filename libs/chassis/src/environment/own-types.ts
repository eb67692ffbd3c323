// Connection types of one's own, declared beside the connections: what runners of other repositories want.
//   connection_types: { sap: { used_by: acme-runner, fields: { host: text, client: integer?, password: secret } } }
import type { ConnectionField, ConnectionType } from "@chasqui/contracts";
import * as z from "zod/mini";

const words = ["text", "address", "port", "integer", "flag", "secret"] as const;
const WANT = `want ${words.join(", ")}; with ? behind it when the field may be left out`;
const FIELD = new RegExp(`^(${words.join("|")})\\??$`);

const KEY_WANT = "want lower-case letters, digits and _";

/** The form in the file. */
export const ownTypeSchema = z.strictObject(
  {
    used_by: z
      .string("want the runner that resolves it")
      .check(z.minLength(1, "want the runner that resolves it")),
    about: z.optional(z.string("want a sentence")),
    fields: z.record(
      z.string().check(z.regex(/^(?!type$)[a-z][a-z0-9_]{0,62}$/, KEY_WANT)),
      z.string(WANT).check(z.regex(FIELD, WANT)),
      "want fields by name",
    ),
  },
  "want used_by and fields",
);

export function ownTypeOf(own: z.infer<typeof ownTypeSchema>): ConnectionType {
  const fields = Object.entries(own.fields).map(
    ([key, word]) => [key, fieldOf(key, word)] as const,
  );
  return {
    about: own.about ?? "A type of this installation",
    usedBy: [own.used_by],
    fields: Object.fromEntries(fields),
  };
}

function fieldOf(key: string, written: string): ConnectionField {
  const word = words.find((one) => written.startsWith(one)) ?? "text";
  const required = !written.endsWith("?");
  return word === "secret"
    ? { is: "text", about: key, required, secret: true }
    : { is: word, about: key, required };
}
