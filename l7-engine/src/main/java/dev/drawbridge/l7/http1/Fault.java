package dev.drawbridge.l7.http1;

import dev.drawbridge.policy.Reason;

/**
 * Why bytes are not a message that every reader would read alike. In a request it becomes the
 * status named here; in an answer, a broken upstream.
 */
public enum Fault {
  BARE_LF(400, "a line ends with LF alone"),
  BARE_CR(400, "a CR is not followed by LF"),
  CONTROL_CHARACTER(400, "the head contains a control character"),
  EMPTY_START_LINE(400, "there is an empty line where the request line should be"),
  START_LINE(400, "the request line is not: method, one space, target, one space, version"),
  METHOD(400, "the method is not a token"),
  METHOD_CASE(400, "the method is not written in upper case"),
  TARGET(400, "the request target is neither a path nor an absolute http address"),
  SCHEME(421, "an https resource is asked for over a connection that is not secured"),
  TARGET_ESCAPE(400, "the path contains an invalid or forbidden %-escape"),
  TARGET_FRAGMENT(400, "the request target contains a fragment"),
  TARGET_AUTHORITY(400, "the request target names another host than the Host field"),
  VERSION(400, "the version is not HTTP/1.0 or HTTP/1.1"),
  VERSION_UNSUPPORTED(505, "this version of HTTP is not spoken here"),
  CONNECT(405, "CONNECT is not relayed"),
  OBS_FOLD(400, "a header line begins with white space"),
  FIELD_NAME(400, "a header name is not a token directly followed by a colon"),
  HOST_MISSING(400, "there is no Host field"),
  HOST_REPEATED(400, "there is more than one Host field"),
  HOST(400, "the Host field is not a host with an optional port"),
  LENGTH_REPEATED(400, "there is more than one Content-Length"),
  LENGTH(400, "the Content-Length is not a number"),
  LENGTH_AND_CODING(400, "both Content-Length and Transfer-Encoding are present"),
  CODING(400, "the Transfer-Encoding is not exactly: chunked"),
  CODING_REPEATED(400, "there is more than one Transfer-Encoding"),
  CODING_VERSION(400, "HTTP/1.0 has no Transfer-Encoding"),
  CONNECTION(400, "the Connection field is not a list of tokens that may be removed"),
  CHUNK_SIZE(400, "a chunk size is not a hexadecimal number"),
  CHUNK_EXTENSION(400, "a chunk extension is malformed"),
  CHUNK_END(400, "a chunk does not end with CRLF"),
  TRAILER(400, "the trailers contain a field that is not allowed there"),
  REQUEST_LINE_LENGTH(414, Reason.HTTP_TOO_LARGE, "the request line is too long"),
  HEAD_LENGTH(431, Reason.HTTP_TOO_LARGE, "the header fields are too long"),
  FIELD_COUNT(431, Reason.HTTP_TOO_LARGE, "there are too many header fields"),
  TRAILER_LENGTH(431, Reason.HTTP_TOO_LARGE, "the trailers are too long"),
  CHUNK_LINE_LENGTH(400, Reason.HTTP_TOO_LARGE, "a chunk size line is too long"),
  STATUS(400, "the status line is not: version, one space, three digits"),
  SWITCHED(400, "the protocol was switched though nobody had asked"),
  UNASKED(400, "there is an answer without a request");

  private final int status;
  private final Reason reason;
  private final String sentence;

  Fault(int status, String sentence) {
    this(status, Reason.HTTP_MALFORMED, sentence);
  }

  Fault(int status, Reason reason, String sentence) {
    this.status = status;
    this.reason = reason;
    this.sentence = sentence;
  }

  /** What a client is answered. */
  public int status() {
    return status;
  }

  public Reason reason() {
    return reason;
  }

  /** For the client; says nothing that the client did not send. */
  public String sentence() {
    return sentence;
  }

  /** The same of an answer. */
  public String sentenceOfAnswer() {
    return switch (this) {
      case EMPTY_START_LINE -> "there is an empty line where the status line should be";
      case REQUEST_LINE_LENGTH -> "the status line is too long";
      default -> sentence;
    };
  }
}
