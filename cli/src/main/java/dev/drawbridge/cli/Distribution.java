package dev.drawbridge.cli;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.CodeSource;

/**
 * Where this program was unpacked: {@code bin}, {@code lib} and {@code libexec} beside each other.
 */
final class Distribution {
  private Distribution() {}

  /**
   * The directory of drawbridge-hook and drawbridge-runc: {@code libexec} beside the {@code lib}
   * that this class came from.
   */
  static Path programs() throws CommandException {
    CodeSource source = Distribution.class.getProtectionDomain().getCodeSource();
    try {
      Path lib = source == null ? null : Path.of(source.getLocation().toURI()).getParent();
      if (lib != null) {
        return lib.resolveSibling("libexec");
      }
    } catch (URISyntaxException e) {
      throw new CommandException("this program does not know where it is: " + e.getMessage(), e);
    }
    throw new CommandException("this program does not know where it is: give --runtime PATH");
  }
}
