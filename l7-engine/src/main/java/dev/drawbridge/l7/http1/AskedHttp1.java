package dev.drawbridge.l7.http1;

import dev.drawbridge.l7.Asked;
import java.util.Map;

/**
 * A request of HTTP/1.
 *
 * @param method empty if no request line could be read
 * @param path as sent, without the query
 * @param status of the answer as the client saw it, 0 if there was none
 */
public record AskedHttp1(String method, String path, int status) implements Asked.Spoken {
  @Override
  public String protocol() {
    return "http1";
  }

  @Override
  public String text() {
    return (method + " " + path + " " + (status == 0 ? "-" : status)).strip();
  }

  @Override
  public Map<String, Object> fields() {
    return Asked.fields("method", method, "path", path, "status", status);
  }
}
