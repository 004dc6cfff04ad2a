package dev.drawbridge.l7.http2.relay;

import dev.drawbridge.l7.http.Refusal;
import dev.drawbridge.l7.http2.Field;
import dev.drawbridge.l7.http2.FieldList;
import dev.drawbridge.l7.http2.RequestFields.Grpc;

/**
 * An answer of the engine's own as HTTP/2 has it: the same as HTTP/1's, or for gRPC a section that
 * is head and trailers at once.
 */
final class Http2Refusal {
  private static final int MOST_FIELDS = 8;
  private static final int MOST_BYTES = 4096;

  private Http2Refusal() {}

  static FieldList head(Refusal refusal, int length) {
    FieldList fields = new FieldList(MOST_BYTES, MOST_FIELDS);
    fields.add(Field.of(":status", Integer.toString(refusal.status())));
    fields.add(Field.of("content-type", "application/json"));
    fields.add(Field.of("cache-control", "no-store"));
    fields.add(Field.of("drawbridge-request-id", refusal.requestId()));
    fields.add(Field.of("content-length", Integer.toString(length)));
    if (refusal.status() == 405) {
      fields.add(Field.of("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    }
    return fields;
  }

  /** Head and trailers at once; says nothing of the policy. */
  static FieldList trailersOnly(Http2Stream stream, int status, String message) {
    FieldList fields = new FieldList(MOST_BYTES, MOST_FIELDS);
    fields.add(Field.of(":status", "200"));
    fields.add(Field.of("content-type", stream.grpcType));
    return withStatus(fields, stream, status, message);
  }

  /** Trailers that end an answer before its time. */
  static FieldList trailers(Http2Stream stream, int status, String message) {
    return withStatus(new FieldList(MOST_BYTES, MOST_FIELDS), stream, status, message);
  }

  private static FieldList withStatus(
      FieldList fields, Http2Stream stream, int status, String message) {
    fields.add(Field.of("grpc-status", Integer.toString(grpcStatus(status))));
    fields.add(Field.of("grpc-message", Refusal.encode(message)));
    fields.add(Field.of("drawbridge-request-id", stream.requestId));
    return fields;
  }

  /** What gRPC calls it. */
  static int grpcStatus(int status) {
    return switch (status) {
      case 403 -> 7;
      case 405, 501 -> 12;
      case 408 -> 4;
      case 414, 431, 413 -> 8;
      case 502, 503, 504 -> 14;
      default -> 13;
    };
  }

  /** The type to answer with: gRPC-Web wants its own again, without parameters. */
  static String answerType(Grpc grpc, String requestType) {
    if (grpc != Grpc.WEB) {
      return "application/grpc";
    }
    int semicolon = requestType.indexOf(';');
    return (semicolon < 0 ? requestType : requestType.substring(0, semicolon)).strip();
  }
}
