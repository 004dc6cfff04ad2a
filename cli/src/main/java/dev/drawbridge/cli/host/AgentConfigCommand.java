package dev.drawbridge.cli.host;

import dev.drawbridge.cli.terminal.AbstractCommand;
import dev.drawbridge.cli.terminal.Exit;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.cli.terminal.Text;
import dev.drawbridge.install.AgentJson;
import dev.drawbridge.install.InstallException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** How the front door writes the agent's configuration, or leaves it alone. */
@Command(
    name = "agent-config",
    hidden = true,
    description = "Add keys that the agent's configuration lacks. What is there stays as it is.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:done, or nothing was missing", "2:the file is no JSON object"})
public final class AgentConfigCommand extends AbstractCommand {
  @Option(names = "--file", paramLabel = "FILE", required = true, description = "The file.")
  private Path file = Path.of("agent.json");

  @Parameters(paramLabel = "KEY=VALUE", arity = "1..*", description = "What should be there.")
  private Map<String, String> wanted = new LinkedHashMap<>();

  public AgentConfigCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() throws InstallException {
    for (String note : AgentJson.update(file, wanted)) {
      err().println(Text.printable("drawbridge: " + file + ": " + note));
    }
    return Exit.YES;
  }
}
