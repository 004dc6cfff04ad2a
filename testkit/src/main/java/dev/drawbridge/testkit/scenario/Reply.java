package dev.drawbridge.testkit.scenario;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.drawbridge.testkit.Output;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What curl got.
 *
 * @param status of HTTP, 0 if there was no answer
 * @param failure what connect(2) or curl said instead, empty if there was an answer
 */
record Reply(int status, String body, String failure) {
  /** Arguments of curl that {@link #of} can read the output of. */
  static final String CURL = "curl -sSvg -m 5 -w \\n%{http_code}";

  private static final Pattern CONNECT_FAILURE =
      Pattern.compile(
          "(?:Immediate connect fail for|connect to) \\S+(?: port \\d+)?(?: failed)?: (.+)");
  private static final Pattern CURL_FAILURE = Pattern.compile("curl: \\(\\d+\\) (.+)");

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
    Matcher connect = CONNECT_FAILURE.matcher(output.err());
    if (connect.find()) {
      return new Reply(0, "", connect.group(1).strip());
    }
    Matcher curl = CURL_FAILURE.matcher(output.err());
    return new Reply(0, "", curl.find() ? curl.group(1).strip() : "no answer: " + output.text());
  }

  /** In the words of the table. */
  String words() {
    return switch (failure) {
      case "" -> Integer.toString(status);
      case "Operation not permitted" -> "refused at connect";
      case "Connection refused" -> "connection refused";
      default -> failure.contains("timed out") ? "no answer in time" : failure;
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
