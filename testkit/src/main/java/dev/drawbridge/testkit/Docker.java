package dev.drawbridge.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The {@code docker} command, exactly as a user types it. */
public final class Docker {
  private final Map<String, String> environment;

  Docker(Map<String, String> environment) {
    this.environment = environment;
  }

  /** Runs {@code docker arguments…} to its end, whatever its exit status. */
  public Output run(String... arguments) {
    return run(Shell.DEADLINE, arguments);
  }

  public Output run(Duration deadline, String... arguments) {
    List<String> command = new ArrayList<>(List.of("docker"));
    command.addAll(List.of(arguments));
    return Shell.run(deadline, environment, command);
  }

  /** Runs a command that must succeed, and gives its standard output without the last line end. */
  public String must(String... arguments) {
    Output output = run(arguments);
    if (!output.ok()) {
      throw new LabException(
          "docker "
              + String.join(" ", arguments)
              + ": exit "
              + output.status()
              + ": "
              + output.text());
    }
    return output.out().stripTrailing();
  }

  /** One value of {@code docker inspect}. */
  public String inspect(String container, String format) {
    return must("inspect", "--format", format, container);
  }

  public Map<String, String> environment() {
    return environment;
  }
}
