package dev.drawbridge.cli.agent;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.NameReport;
import dev.drawbridge.cli.terminal.AgentCommand;
import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.cli.terminal.Exit;
import dev.drawbridge.cli.terminal.OutputFormat;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.cli.terminal.Text;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "names",
    description = {
      "List the addresses that containers have learned by asking for names, of those about which a rule speaks of names.",
      "",
      "LEFT is for how long an address is known by that name; over: it opens nothing new by it, and is kept for connections. OPEN: a rule speaks of the address by one of its names; ask \"verdict\" of which port."
    })
public final class NamesCommand extends AgentCommand {
  @Mixin private OutputFormat format = new OutputFormat();

  @Parameters(
      paramLabel = "CONTAINER",
      arity = "0..1",
      description = "Only what this container has learned.")
  private String container = "";

  public NamesCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() throws ApiException, CommandException {
    List<NameReport> names = client().names(container);
    if (!container.isEmpty()
        && names.isEmpty()
        && client().endpoints().stream().noneMatch(one -> one.name().equals(container))) {
      // Or a mistyped name would be one that knows nothing.
      throw new CommandException(
          "no container is called \"" + container + "\" (see: drawbridge endpoints)");
    }
    if (format.json()) {
      out().println(Json.write(names));
    } else if (names.isEmpty()) {
      out().println("no names");
    } else {
      table(names).forEach(out()::println);
    }
    return Exit.YES;
  }

  static List<String> table(List<NameReport> names) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("CONTAINER", "NAME", "ADDRESS", "LEFT", "OPEN"));
    for (NameReport row : names) {
      rows.add(
          List.of(
              Text.oneLine(row.container()),
              Text.oneLine(row.name()),
              row.address(),
              row.seconds() == 0 ? "over" : row.seconds() + "s",
              row.open() ? "yes" : "no"));
    }
    return Text.table(rows);
  }
}
