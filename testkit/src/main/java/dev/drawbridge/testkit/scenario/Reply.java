package dev.drawbridge.testkit.scenario;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Output;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What curl got.
 *
 * @param status of HTTP, 0 if there was no answer
 * @param failure what connect(2) or curl said instead, empty if there was an answer
 */
record Reply(int status, String body, String failure) {
  /** Arguments of curl that {@link #of} can read the output of; a slow machine has longer. */
  static final String CURL =
      "curl -sSvg -m " + Await.patient(Duration.ofSeconds(5)).toSeconds() + " -w \\n%{http_code}";

  private static final String NO_ANSWER_IN_TIME = "no answer in time";

  /** EXIT CODES of curl(1): they stay, where its words change from version to version. */
  private static final int CONNECT_FAILED = 7;

  private static final int TIMED_OUT = 28;

  /** What connect(2) failed with, in the C library's words, wherever -v says so. */
  private static final Pattern CONNECT_FAILURE =
      Pattern.compile(
          "^\\* +(?:Immediate connect fail for|connect to) .*: ([A-Z][^:]+)$", Pattern.MULTILINE);

  private static final Pattern CURL_FAILURE = Pattern.compile("curl: \\((\\d+)\\) (.+)");

  static Reply of(Output output) {
    String out = output.out();
    int cut = out.lastIndexOf('\n');
    int status =
        cut >= 0 && out.substring(cut + 1).matches("\\d{3}")
            ? Integer.parseInt(out.substring(cut + 1))
            : 0;
    if (status != 0) {
      return new Reply(status, out.substring(0, cut).strip(), "");
    }
    Matcher curl = CURL_FAILURE.matcher(output.err());
    if (!curl.find()) {
      return new Reply(0, "", "no answer: " + output.text());
    }
    Matcher connect = CONNECT_FAILURE.matcher(output.err());
    return switch (Integer.parseInt(curl.group(1))) {
      case CONNECT_FAILED ->
          new Reply(0, "", connect.find() ? connect.group(1).strip() : curl.group(2).strip());
      case TIMED_OUT -> new Reply(0, "", NO_ANSWER_IN_TIME);
      default -> new Reply(0, "", curl.group(2).strip());
    };
  }

  /** In the words of the table. */
  String words() {
    return switch (failure) {
      case "" -> Integer.toString(status);
      case "Operation not permitted" -> "refused at connect";
      case "Connection refused" -> "connection refused";
      default -> failure;
    };
  }

  /** Nobody answered the request: neither the server nor a proxy in its place. */
  boolean unanswered() {
    return status == 0;
  }

  /** The reason in the body of a refusal, the body itself if it has none. */
  String reason() {
    try {
      JsonObject json = JsonParser.parseString(body).getAsJsonObject();
      StringBuilder text = new StringBuilder();
      for (String key : new String[] {"reason", "sentence", "message", "rule"}) {
        if (json.has(key) && json.get(key).isJsonPrimitive()) {
          text.append(text.isEmpty() ? "" : ": ").append(json.get(key).getAsString());
        }
      }
      return text.isEmpty() ? body : text.toString();
    } catch (JsonParseException | IllegalStateException e) {
      return body;
    }
  }
}
