package dev.drawbridge.l7.http2;

import dev.drawbridge.l7.Asked;
import java.util.Map;

/**
 * A request of HTTP/2 that is no gRPC call.
 *
 * @param method empty if the section could not be read
 * @param path as sent, without the query
 * @param status of the answer as the client saw it, 0 if there was none
 * @param stream its number on the connection
 */
public record AskedHttp2(String method, String path, int status, int stream)
    implements Asked.Spoken {
  @Override
  public String protocol() {
    return "http2";
  }

  @Override
  public String text() {
    return (method + " " + path + " " + (status == 0 ? "-" : status)).strip();
  }

  @Override
  public Map<String, Object> fields() {
    return Asked.fields("method", method, "path", path, "status", status, "stream", stream);
  }
}
