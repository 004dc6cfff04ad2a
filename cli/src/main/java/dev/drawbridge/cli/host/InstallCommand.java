package dev.drawbridge.cli.host;

import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.cli.terminal.Surroundings;
import dev.drawbridge.install.InstallException;
import dev.drawbridge.install.Installer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "install",
    description =
        "Register the hook and the runtime \"drawbridge\" with the container engine. Nothing restarts; doing it twice changes nothing.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done, or nothing to do",
      "1:something stands in the way; nothing was changed",
      "2:failed"
    })
public final class InstallCommand extends RegistrationCommand {

  @Option(
      names = {"--default"},
      description = "Make drawbridge the default runtime, so that every new container is guarded.")
  private boolean asDefault;

  @Option(
      names = "--runtime",
      paramLabel = "PATH",
      description =
          "The built drawbridge-runc, with drawbridge-hook beside it. Default: the ones of this distribution.")
  private @Nullable Path runtime;

  @Option(
      names = "--containerd",
      description =
          "Also register the runtime with containerd's CRI, in /etc/containerd/config.toml.")
  private boolean containerd;

  @Option(
      names = "--podman",
      description =
          "Also register the runtime with root's Podman, in /etc/containers/containers.conf.d.")
  private boolean podman;

  @Option(
      names = "--podman-hooks",
      description =
          "Also write hooks.d files for root's Podman, for hosts whose runtime has to stay; CAP_NET_RAW then stays with whoever was given it.")
  private boolean podmanHooks;

  @Option(
      names = "--systemd",
      description = "Also write a systemd unit that starts the agent before Docker.")
  private boolean systemd;

  public InstallCommand(Surroundings surroundings) {
    super(surroundings);
  }

  @Override
  public Integer call() throws InstallException, CommandException {
    return carryOut(
        Installer.plan(
            options(programs())
                .withDefault(asDefault)
                .withContainerd(containerd)
                .withPodman(podman)
                .withPodmanHooks(podmanHooks)
                .withSystemd(systemd)));
  }

  private Path programs() throws CommandException {
    if (runtime == null) {
      return Distribution.programs();
    }
    Path directory = runtime.toAbsolutePath().getParent();
    if (directory == null || !Files.isExecutable(runtime)) {
      throw new CommandException(runtime + ": expected the built program drawbridge-runc");
    }
    return directory;
  }
}
