// The connections that this service uses, tried as a report would use them: nothing is written, no mail is sent.
import {
  connectionOf,
  type EnvironmentFile,
  postgresAddress,
  tryPostgres,
  type TryConnection,
} from "@chasqui/chassis";
import { mailConnection } from "./connections.ts";

export function connectionTries(
  file: EnvironmentFile,
  env: NodeJS.ProcessEnv,
): Readonly<Record<"postgres" | "smtp", TryConnection>> {
  return {
    postgres: async (name, signal) =>
      tryPostgres(postgresAddress(connectionOf(file, name, "postgres", env)), {
        service: "report-mailer",
        signal,
      }),
    async smtp(name) {
      const connection = mailConnection(name, connectionOf(file, name, "smtp", env));
      const { verifyMail } = await import("./ports/smtp-mail.ts");
      await verifyMail(connection);
      const { host, port, user } = connection;
      return `${host}:${port} takes mail${user === undefined ? "" : ` from ${user}`}`;
    },
  };
}
