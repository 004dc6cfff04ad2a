package dev.drawbridge.cli.host;

import dev.drawbridge.cli.terminal.AbstractCommand;
import dev.drawbridge.cli.terminal.Exit;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.cli.terminal.Text;
import dev.drawbridge.install.InstallException;
import dev.drawbridge.install.InstallOptions;
import dev.drawbridge.install.InstallPlan;
import dev.drawbridge.install.Layout;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What install and uninstall share: the options of a plan, and showing or applying it. */
abstract class RegistrationCommand extends AbstractCommand {

  @Option(names = "--dry-run", description = "Show what would change, and change nothing.")
  private boolean dryRun;

  @Option(
      names = "--root",
      paramLabel = "DIR",
      hidden = true,
      description = "Work below this directory, for packaging and tests.")
  private @Nullable Path root;

  @Option(names = "--no-docker", description = "Leave Docker alone.")
  private boolean noDocker;

  @Option(names = "--no-reload", description = "Do not send SIGHUP to dockerd.")
  private boolean noReload;

  RegistrationCommand(Surroundings surroundings) {
    super(surroundings);
  }

  final InstallOptions options(Path programs) {
    InstallOptions options =
        InstallOptions.of(programs).withDocker(!noDocker).withReload(!noReload);
    return options.withLayout(root == null ? layout() : Layout.under(root));
  }

  final int carryOut(InstallPlan plan) throws InstallException {
    if (dryRun) {
      plan.lines().forEach(line -> out().println(Text.printable(line)));
      return plan.conflicts().isEmpty() ? Exit.YES : Exit.NO;
    }
    if (!plan.conflicts().isEmpty()) {
      plan.conflicts()
          .forEach(conflict -> err().println(Text.printable("drawbridge: " + conflict)));
      err().println("drawbridge: nothing was changed");
      return Exit.NO;
    }
    if (plan.steps().isEmpty()) {
      out().println("nothing to do");
    }
    plan.apply().forEach(done -> out().println(Text.printable(done)));
    plan.notes().forEach(note -> out().println(Text.printable("note: " + note)));
    return Exit.YES;
  }
}
