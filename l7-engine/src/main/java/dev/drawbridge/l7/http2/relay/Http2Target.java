package dev.drawbridge.l7.http2.relay;

import dev.drawbridge.l7.http1.Fault;
import dev.drawbridge.l7.http1.Head;
import dev.drawbridge.l7.http1.RequestHead;
import dev.drawbridge.l7.http2.Field;
import dev.drawbridge.l7.http2.FieldList;
import dev.drawbridge.l7.http2.RequestFields;
import dev.drawbridge.l7.relay.Loop;
import dev.drawbridge.policy.http.Headers;
import dev.drawbridge.policy.http.HttpRequest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What an HTTP/2 request is for, read by HTTP/1's own reader: method, authority and path are put
 * into a request line, so that both versions refuse the same and have the same readings of a path.
 * Remembers the latest, because a client's table hands out the same fields again and again.
 */
final class Http2Target {
  private static final int REMEMBERED = 16;

  /** Bytes that one of them may take. */
  private static final int MOST_REMEMBERED = 4096;

  private static final int KNOWN_BYTES = 256;
  private static final int STRING_BYTES = 48;
  private static final byte[] VERSION = " HTTP/1.1\r\nHost: ".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] ABSOLUTE = "http://".getBytes(StandardCharsets.US_ASCII);

  /** A request that was found to be well-formed. */
  private record Known(
      Field method,
      Field path,
      @Nullable Field authority,
      @Nullable Field host,
      HttpRequest request,
      String pathSent) {}

  private final Loop loop;
  private final int port;
  private final @Nullable Known[] known = new @Nullable Known[REMEMBERED];
  private byte[] line = new byte[256];
  private int remembered;
  private @Nullable Known current;

  Http2Target(Loop loop, int port) {
    this.loop = loop;
    this.port = port;
  }

  /** Reads what a well-formed section is for; null, or why it cannot be read in one way only. */
  @SuppressWarnings("ReferenceEquality") // the same field of the same table, or read it again
  @Nullable Fault read(RequestFields fields) {
    Field path = fields.path();
    int place = System.identityHashCode(path) & (REMEMBERED - 1);
    Known found = known[place];
    if (found != null
        && found.path == path
        && found.method == fields.method()
        && found.authority == fields.authority()
        && found.host == fields.host()) {
      current = found;
      return null;
    }
    Field authority = fields.authority();
    Field host = fields.host();
    if (path.is("*")
        && authority != null
        && host != null
        && !authority.text().equals(host.text())) {
      return Fault.TARGET_AUTHORITY;
    }
    int length = write(fields);
    ByteBuf in = Unpooled.wrappedBuffer(line, 0, length);
    RequestHead head = loop.borrowRequestHead();
    try {
      Head.Progress progress = head.take(in);
      if (progress != Head.Progress.DONE) {
        return progress == Head.Progress.FAULT ? head.fault() : Fault.START_LINE;
      }
      HttpRequest read = head.request(port);
      Known now =
          new Known(
              fields.method(),
              path,
              authority,
              host,
              new HttpRequest(
                  read.method(), read.paths(), read.host(), Headers.NONE, read.variants()),
              head.path());
      remember(place, now);
      current = now;
      return null;
    } finally {
      loop.giveBack(head);
    }
  }

  /** Only what is small: paths have many readings. */
  private void remember(int place, Known now) {
    Known before = known[place];
    int size = size(now);
    if (size > MOST_REMEMBERED) {
      return;
    }
    remembered += size - (before == null ? 0 : size(before));
    known[place] = now;
  }

  private static int size(Known of) {
    int size = KNOWN_BYTES + of.pathSent.length() + of.request.host().length();
    for (String path : of.request.paths()) {
      size += STRING_BYTES + path.length();
    }
    return size + of.path.valueLength() + (of.authority == null ? 0 : of.authority.valueLength());
  }

  /** Bytes of memory that what was read last takes. */
  long holds() {
    return size(there());
  }

  /** Bytes of memory that this keeps. */
  long remembers() {
    return remembered + (long) line.length;
  }

  private int write(RequestFields fields) {
    Field method = fields.method();
    Field path = fields.path();
    Field authority = fields.authority();
    Field host = fields.host();
    Field named = host != null ? host : authority;
    if (named == null) {
      throw new IllegalStateException("a request without a host is not well-formed");
    }
    int authorityLength = authority == null ? 0 : authority.valueLength();
    int size =
        method.valueLength()
            + path.valueLength()
            + authorityLength
            + named.valueLength()
            + ABSOLUTE.length
            + VERSION.length
            + 5;
    if (line.length < size) {
      line = new byte[size];
    }
    int at = method.copyValue(line, 0);
    line[at++] = ' ';
    if (authority != null && host != null && path.valueAt(0) == '/') {
      // HTTP/1's reader compares the two.
      at = copy(ABSOLUTE, at);
      at = authority.copyValue(line, at);
    }
    at = path.copyValue(line, at);
    at = copy(VERSION, at);
    at = named.copyValue(line, at);
    line[at++] = '\r';
    line[at++] = '\n';
    line[at++] = '\r';
    line[at++] = '\n';
    return at;
  }

  private int copy(byte[] word, int at) {
    System.arraycopy(word, 0, line, at, word.length);
    return at + word.length;
  }

  /** What the policy looks at, for as long as it is wanted. */
  HttpRequest request(FieldList fields) {
    HttpRequest read = there().request;
    return fields.overrides()
        ? read.with(fields)
        : new HttpRequest(read.method(), read.paths(), read.host(), fields, read.variants());
  }

  /** The path as sent, without the query. */
  String path() {
    return there().pathSent;
  }

  String method() {
    return there().request.method();
  }

  private Known there() {
    Known read = current;
    if (read == null) {
      throw new IllegalStateException("nothing has been read");
    }
    return read;
  }

  /** What was read is not asked for any more; only what is small is remembered. */
  void done() {
    current = null;
    if (line.length > MOST_REMEMBERED) {
      line = new byte[256];
    }
  }
}
