package dev.drawbridge.cli.selftest;

import com.google.gson.JsonParseException;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.cli.host.Ran;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What drawbridge-probe got.
 *
 * @param status of HTTP, 0 if there was no answer
 * @param body of the answer
 * @param failure what was instead of an answer, empty if there was one
 */
record Reply(int status, String body, String failure) {
  static final String REFUSED = "refused at connect";

  private static final String HEAD_END = "\r\n\r\n";
  private static final int EPERM = 1;
  private static final int ETIMEDOUT = 110;
  private static final int ECONNREFUSED = 111;

  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] (\\d{3})(?: .*)?");

  private static final Pattern FAILURE = Pattern.compile("(connect|send|receive) (\\d{1,4})");

  /** What the engine writes into the body of a refusal, as far as it is looked at. */
  private record Refusal(@Nullable String reason) {}

  /** Reads what {@code drawbridge-probe ask} printed. */
  static Reply of(Ran ran) {
    Matcher status = STATUS.matcher(ran.out().lines().findFirst().orElse(""));
    int head = ran.out().indexOf(HEAD_END);
    if (status.matches() && head >= 0) {
      String body = ran.out().substring(head + HEAD_END.length()).strip();
      return new Reply(Integer.parseInt(status.group(1)), body, "");
    }
    Matcher failure = FAILURE.matcher(ran.out().strip());
    if (!failure.matches()) {
      return new Reply(0, "", "not asked: " + ran.lastWords());
    }
    int error = Integer.parseInt(failure.group(2));
    boolean connecting = failure.group(1).equals("connect");
    return new Reply(
        0,
        "",
        switch (error) {
          case 0 -> "closed without an answer";
          case EPERM -> connecting ? REFUSED : "not permitted to " + failure.group(1);
          case ETIMEDOUT -> "no answer in time";
          case ECONNREFUSED -> "connection refused";
          default -> failure.group(1) + " failed with errno " + error;
        });
  }

  boolean answered() {
    return status != 0;
  }

  /** In the words of the table. */
  String words() {
    return answered() ? Integer.toString(status) : failure;
  }

  /** The slug of the reason, where this is a refusal of the engine's. */
  Optional<String> reason() {
    try {
      return body.startsWith("{")
          ? Optional.ofNullable(Json.read(body, Refusal.class).reason())
          : Optional.empty();
    } catch (JsonParseException e) {
      return Optional.empty();
    }
  }
}
