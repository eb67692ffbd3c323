// `connections list`, `connections test`: the ways to the outside of the server's environment.
import type { Command } from "commander";
import { JSON_OPTION, examples } from "./shared.ts";
import type { With } from "./shared.ts";

export function addConnectionCommands(program: Command, with_: With): void {
  const connections = program
    .command("connections")
    .description("Connections of the server's environment: which there are, and whether they work")
    .helpCommand(false);
  connections
    .command("list")
    .description("List connections with their type and who uses them; never a secret's value")
    .option(...JSON_OPTION)
    .addHelpText("after", examples("connections list"))
    .action(
      with_(async (cli, o: { json?: boolean }) => {
        const { listConnections } = await import("../commands/online.ts");
        return listConnections(cli, o);
      }),
    );
  connections
    .command("test")
    .description("Have each service that uses a connection resolve it and reach what is behind it")
    .argument("[names...]", "connections (all of them)")
    .option(...JSON_OPTION)
    .addHelpText("after", examples("connections test", "connections test warehouse mail"))
    .action(
      with_(async (cli, names: string[], o: { json?: boolean }) => {
        const { testConnections } = await import("../commands/online.ts");
        return testConnections(cli, names, o);
      }),
    );
}
