package dev.drawbridge.cli.agent;

import dev.drawbridge.cli.terminal.CommandException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A time in the past, as an age or as itself. */
final class Since {
  private static final Pattern AGE = Pattern.compile("(\\d{1,9})([smhd])");

  private Since() {}

  static Instant parse(String text, Instant now) throws CommandException {
    Matcher matcher = AGE.matcher(text);
    if (matcher.matches()) {
      long amount = Long.parseLong(matcher.group(1));
      return now.minus(
          switch (matcher.group(2)) {
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            default -> Duration.ofDays(amount);
          });
    }
    try {
      return Instant.parse(text);
    } catch (DateTimeException e) {
      throw new CommandException(
          "--since " + text + ": expected 90s, 10m, 2h, 1d or 2026-01-31T12:00:00Z", e);
    }
  }
}
