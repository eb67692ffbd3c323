// `admin topology`, `admin dead`: setting up and repairing an installation.
import { Option } from "commander";
import type { Command } from "commander";
import { JSON_OPTION, examples, number } from "./shared.ts";
import type { With } from "./shared.ts";

interface TopologyFlags {
  print?: "accounts";
  only?: "bus" | "database";
  environment?: string;
  account?: string;
  credentials?: string;
  generate?: boolean;
  json?: boolean;
}

const CREDENTIALS_OPTION = [
  "--credentials <file>",
  "JSON file of passwords (CHASQUI_CREDENTIALS_FILE); variables win over it",
] as const;

const TOPOLOGY_HELP = `
Reads environments/<name>.yaml (sources, runners) and
  CHASQUI_NATS_URL, CHASQUI_NATS_ADMIN_PASSWORD     the bus, as its user admin
  CHASQUI_DATABASE_ADMIN_URL                        the database, as somebody who may create roles
  CHASQUI_NATS_PASSWORD_<USER>                      for --print accounts, one per bus user
  CHASQUI_DATABASE_PASSWORD_<ROLE>                  one per service with a store
`;

export function addAdminCommands(program: Command, with_: With): void {
  const admin = program
    .command("admin")
    .description("Set up and repair an installation")
    .helpCommand(false);
  addTopology(admin, with_);
  const dead = admin
    .command("dead")
    .description("Messages that failed for their own fault")
    .helpCommand(false);
  addDead(dead, with_);
}

function addTopology(admin: Command, with_: With): void {
  admin
    .command("topology")
    .description(
      "Make streams, consumers, database roles and schemas what the topology says; harmless if repeated",
    )
    .addOption(
      new Option(
        "--print <what>",
        "print the nats-server accounts with their users and permissions instead",
      ).choices(["accounts"]),
    )
    .addOption(new Option("--only <part>", "one part only").choices(["bus", "database"]))
    .option("--environment <name>", "whose sources and runners (CHASQUI_ENVIRONMENT, else local)")
    .option("--account <name>", "name of the account in --print accounts (the environment)")
    .option(...CREDENTIALS_OPTION)
    .option("--generate", "make missing passwords and keep them in the credentials file")
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      TOPOLOGY_HELP +
        examples(
          "admin topology --credentials secrets.json --generate --print accounts > accounts.conf",
          "admin topology --environment prod --credentials secrets.json",
        ),
    )
    .action(
      with_(async (cli, o: TopologyFlags) => {
        const { adminTopology } = await import("../commands/admin/topology.ts");
        return adminTopology(cli, o);
      }),
    );
}

function addDead(dead: Command, with_: With): void {
  dead
    .command("list")
    .description("List dead letters, youngest first, with the reason")
    .option("--limit <n>", "at most so many", number(1, 10_000), 50)
    .option(...CREDENTIALS_OPTION)
    .option(...JSON_OPTION)
    .addHelpText("after", examples("admin dead list"))
    .action(
      with_(async (cli, o: { limit: number; credentials?: string; json?: boolean }) => {
        const { deadList } = await import("../commands/admin/dead.ts");
        return deadList(cli, o);
      }),
    );
  dead
    .command("redrive")
    .description("Send a dead letter to where it came from again, after its cause is mended")
    .argument("<number>", "its number in the list")
    .option(...CREDENTIALS_OPTION)
    .option(...JSON_OPTION)
    .addHelpText("after", examples("admin dead redrive 17"))
    .action(
      with_(async (cli, deadNumber: string, o: { credentials?: string; json?: boolean }) => {
        const { deadRedrive } = await import("../commands/admin/dead.ts");
        return deadRedrive(cli, deadNumber, o);
      }),
    );
}
