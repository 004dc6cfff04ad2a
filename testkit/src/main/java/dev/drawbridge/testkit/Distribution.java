package dev.drawbridge.testkit;

import java.nio.file.Files;
import java.nio.file.Path;

/** The built agent and client, as {@code mvn package} assembles them below {@code target/dist}. */
public record Distribution(Path root) {

  /**
   * The one that system property {@code drawbridge.dist} names, else the checkout's own.
   *
   * @throws LabException if it has not been built
   */
  public static Distribution locate() {
    String named = System.getProperty("drawbridge.dist", "");
    if (!named.isEmpty()) {
      return new Distribution(Path.of(named)).checked();
    }
    // Surefire runs in the module's directory, an editor mostly in the checkout's.
    Path here = Path.of("target/dist").toAbsolutePath();
    Path above = Path.of("../target/dist").toAbsolutePath().normalize();
    return new Distribution(Files.isDirectory(here) ? here : above).checked();
  }

  private Distribution checked() {
    if (!Files.isExecutable(agent())) {
      throw new LabException("no distribution at " + root + ": ./drawbridge build makes it");
    }
    return this;
  }

  public Path agent() {
    return root.resolve("libexec/drawbridge-agent");
  }

  public Path client() {
    return root.resolve("bin/drawbridge");
  }

  public Path hook() {
    return root.resolve("libexec/drawbridge-hook");
  }

  public Path runtime() {
    return root.resolve("libexec/drawbridge-runc");
  }
}
