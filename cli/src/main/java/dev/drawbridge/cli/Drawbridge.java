package dev.drawbridge.cli;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.cli.agent.EndpointsCommand;
import dev.drawbridge.cli.agent.NamesCommand;
import dev.drawbridge.cli.agent.ObserveCommand;
import dev.drawbridge.cli.agent.ProblemsCommand;
import dev.drawbridge.cli.agent.StatusCommand;
import dev.drawbridge.cli.doctor.DoctorCommand;
import dev.drawbridge.cli.host.AgentConfigCommand;
import dev.drawbridge.cli.host.InstallCommand;
import dev.drawbridge.cli.host.UninstallCommand;
import dev.drawbridge.cli.policy.ImportCommand;
import dev.drawbridge.cli.policy.LintCommand;
import dev.drawbridge.cli.policy.VerdictCommand;
import dev.drawbridge.cli.selftest.SelftestCommand;
import dev.drawbridge.cli.terminal.AbstractCommand;
import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.cli.terminal.Exit;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.cli.terminal.Text;
import dev.drawbridge.install.InstallException;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command without a subcommand, and what all of them share: usage errors, failures, exit codes.
 */
@Command(
    name = "drawbridge",
    description =
        "Label-based network policy for containers: ask the agent, check policies, register the hook.",
    mixinStandardHelpOptions = true,
    scope = CommandLine.ScopeType.INHERIT,
    versionProvider = Drawbridge.Version.class,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:yes: allowed, healthy, clean",
      "1:no: denied, unhealthy, problems found",
      "2:no answer: bad usage, unknown container, agent not running"
    },
    subcommands = {
      StatusCommand.class,
      VerdictCommand.class,
      ObserveCommand.class,
      EndpointsCommand.class,
      NamesCommand.class,
      ProblemsCommand.class,
      LintCommand.class,
      ImportCommand.class,
      InstallCommand.class,
      UninstallCommand.class,
      AgentConfigCommand.class,
      DoctorCommand.class,
      SelftestCommand.class
    })
public final class Drawbridge implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** Runs one command line. Returns its exit code and never throws. */
  public static int run(Surroundings surroundings, String... arguments) {
    CommandLine line = line(surroundings);
    line.setOut(surroundings.out());
    line.setErr(surroundings.err());
    line.setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler(Drawbridge::usageError);
    line.setExecutionExceptionHandler((failure, command, parsed) -> failed(surroundings, failure));
    // To picocli, an arrow on its own is an unknown option.
    int code =
        line.execute(
            Arrays.stream(arguments)
                .filter(a -> !a.equals(VerdictCommand.ARROW))
                .toArray(String[]::new));
    surroundings.out().flush();
    surroundings.err().flush();
    return code;
  }

  /** Commands take the surroundings; everything else picocli makes itself. */
  private record Factory(Surroundings surroundings) implements CommandLine.IFactory {
    @Override
    public <K> K create(Class<K> type) throws Exception {
      if (AbstractCommand.class.isAssignableFrom(type)) {
        return type.getDeclaredConstructor(Surroundings.class).newInstance(surroundings);
      }
      return CommandLine.defaultFactory().create(type);
    }
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  private static int usageError(ParameterException error, String[] arguments) {
    CommandLine line = error.getCommandLine();
    line.getErr().println("drawbridge: " + Text.printable(String.valueOf(error.getMessage())));
    if (!CommandLine.UnmatchedArgumentException.printSuggestions(error, line.getErr())) {
      line.getErr().println("see " + line.getCommandSpec().qualifiedName() + " --help");
    }
    return Exit.NO_ANSWER;
  }

  private static int failed(Surroundings surroundings, Exception failure) {
    boolean expected =
        failure instanceof ApiException
            || failure instanceof CommandException
            || failure instanceof InstallException;
    surroundings
        .err()
        .println(
            "drawbridge: "
                + Text.printable(String.valueOf(expected ? failure.getMessage() : failure)));
    if (!expected) {
      failure.printStackTrace(surroundings.err());
    }
    return Exit.NO_ANSWER;
  }

  /** The command line, for whoever writes its manual or completes what is typed. */
  public static CommandLine line(Surroundings surroundings) {
    return new CommandLine(new Drawbridge(), new Factory(surroundings));
  }

  /** Every command by name, for the tests of the help texts. */
  static List<String> commandNames(Surroundings surroundings) {
    return List.copyOf(line(surroundings).getSubcommands().keySet());
  }

  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Drawbridge.class.getPackage().getImplementationVersion();
      return new String[] {"drawbridge " + (version == null ? "(unpackaged)" : version)};
    }
  }
}
