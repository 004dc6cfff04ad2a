package dev.drawbridge.cli.terminal;

import dev.drawbridge.api.client.LocalClient;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A command that asks the agent. */
public abstract class AgentCommand extends AbstractCommand {
  public static final String SOCKET_VARIABLE = "DRAWBRIDGE_API_SOCKET";

  @Option(
      names = "--socket",
      paramLabel = "PATH",
      description =
          "The agent's control socket. Default: $DRAWBRIDGE_API_SOCKET, or api.sock in $DRAWBRIDGE_RUN or /run/drawbridge.")
  private @Nullable Path socket;

  protected AgentCommand(Surroundings surroundings) {
    super(surroundings);
  }

  protected final LocalClient client() {
    if (socket != null) {
      return new LocalClient(socket);
    }
    String fromEnvironment = surroundings.environment().getOrDefault(SOCKET_VARIABLE, "");
    return new LocalClient(
        fromEnvironment.isEmpty()
            ? RunDirectory.apiSocket(surroundings.environment())
            : Path.of(fromEnvironment));
  }
}
