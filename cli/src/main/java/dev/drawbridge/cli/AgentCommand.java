package dev.drawbridge.cli;

import dev.drawbridge.api.ApiConfig;
import dev.drawbridge.api.LocalClient;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A command that asks the agent. */
abstract class AgentCommand extends AbstractCommand {
  static final String SOCKET_VARIABLE = "DRAWBRIDGE_API_SOCKET";

  @Option(
      names = "--socket",
      paramLabel = "PATH",
      description =
          "The agent's control socket. Default: $DRAWBRIDGE_API_SOCKET, or /run/drawbridge/api.sock.")
  private @Nullable Path socket;

  AgentCommand(Surroundings surroundings) {
    super(surroundings);
  }

  final LocalClient client() {
    if (socket != null) {
      return new LocalClient(socket);
    }
    String fromEnvironment = surroundings.environment().getOrDefault(SOCKET_VARIABLE, "");
    return new LocalClient(
        fromEnvironment.isEmpty() ? ApiConfig.DEFAULT_SOCKET : Path.of(fromEnvironment));
  }
}
