package dev.drawbridge.l7.http2;

import dev.drawbridge.l7.Asked;
import java.util.Map;

/**
 * A gRPC call, over HTTP/2.
 *
 * @param service with its package
 * @param status as gRPC has it, of the answer that the client saw; {@link #NO_STATUS} if none came
 * @param httpStatus 0 if there was no answer
 * @param stream its number on the connection
 */
public record AskedGrpc(String service, String method, int status, int httpStatus, int stream)
    implements Asked.Spoken {
  /** The call ended without a status. */
  public static final int NO_STATUS = -1;

  /**
   * A call by its path.
   *
   * @param path as sent: a slash, the service, a slash, the method
   */
  public static AskedGrpc of(String path, int status, int httpStatus, int stream) {
    int slash = path.lastIndexOf('/');
    String service = slash <= 0 ? "" : path.substring(1, slash);
    return new AskedGrpc(service, path.substring(slash + 1), status, httpStatus, stream);
  }

  @Override
  public String protocol() {
    return "grpc";
  }

  @Override
  public String text() {
    return "call " + service + "/" + method + " " + (status == NO_STATUS ? "-" : status);
  }

  @Override
  public Map<String, Object> fields() {
    return Asked.fields(
        "service",
        service,
        "method",
        method,
        "grpcStatus",
        status,
        "status",
        httpStatus,
        "stream",
        stream);
  }
}
