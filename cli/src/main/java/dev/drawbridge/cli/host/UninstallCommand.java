package dev.drawbridge.cli.host;

import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.install.InstallException;
import dev.drawbridge.install.Installer;
import picocli.CommandLine.Command;

@Command(
    name = "uninstall",
    description =
        "Undo install. While containers name the runtime, it stays registered and passes everything through; they are listed.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done, or nothing to do",
      "1:something stands in the way; nothing was changed",
      "2:failed"
    })
public final class UninstallCommand extends RegistrationCommand {
  public UninstallCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() throws InstallException, CommandException {
    return carryOut(
        Installer.planRemoval(
            options(Distribution.programs())
                .withContainerd(true)
                .withPodman(true)
                .withSystemd(true)));
  }
}
