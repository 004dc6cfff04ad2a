package dev.drawbridge.cli.host;

import dev.drawbridge.cli.terminal.CommandException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.CodeSource;

/**
 * Where this program was unpacked: {@code bin}, {@code lib} and {@code libexec} beside each other,
 * and this class in a jar of {@code lib/client}.
 */
public final class Distribution {
  private Distribution() {}

  /** The directory of drawbridge-hook, drawbridge-runc and drawbridge-probe. */
  public static Path programs() throws CommandException {
    CodeSource source = Distribution.class.getProtectionDomain().getCodeSource();
    if (source == null) {
      throw new CommandException("this program does not know where it is: give --runtime PATH");
    }
    try {
      return programs(Path.of(source.getLocation().toURI()));
    } catch (URISyntaxException e) {
      throw new CommandException("this program does not know where it is: " + e.getMessage(), e);
    }
  }

  /** {@code libexec} of the distribution that has this jar in its {@code lib/client}. */
  static Path programs(Path jar) {
    return jar.resolve("../../../libexec").normalize();
  }
}
