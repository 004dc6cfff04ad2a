package dev.drawbridge.policy.http;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What a request asks to speak instead of HTTP, by its fields {@code Upgrade}: RFC 9110 section
 * 7.8.
 *
 * @param websocket a WebSocket (RFC 6455)
 * @param optional something whose clients take an ordinary answer as well: another version of HTTP,
 *     TLS
 * @param another anything else: after it, what is spoken is nothing that can be judged
 */
public record Upgrades(boolean websocket, boolean optional, boolean another) {
  /** The field's name, in lower case. */
  public static final String FIELD = "upgrade";

  /** Of the field's values, each a list. */
  public static Upgrades of(List<String> values) {
    boolean websocket = false;
    boolean optional = false;
    boolean another = false;
    for (String protocol : members(values)) {
      if (protocol.equals("websocket")) {
        websocket = true;
      } else if (protocol.equals("h2c")
          || protocol.startsWith("http/")
          || protocol.startsWith("tls/")) {
        optional = true;
      } else {
        another = true;
      }
    }
    return new Upgrades(websocket, optional, another);
  }

  /** The protocols that the fields list, in lower case. */
  public static List<String> members(List<String> values) {
    return values.stream()
        .flatMap(value -> Arrays.stream(value.split(",", -1)))
        .map(member -> member.strip().toLowerCase(Locale.ROOT))
        .filter(member -> !member.isEmpty())
        .toList();
  }

  /**
   * Whether only what cannot be judged is asked for.
   *
   * @param opensWebsocket the request can become a WebSocket if it names one
   */
  public boolean elsewhere(boolean opensWebsocket) {
    return another && !optional && !(websocket && opensWebsocket);
  }
}
