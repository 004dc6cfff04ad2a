package dev.drawbridge.l7.http1;

/**
 * What the Connection fields of a head say. RFC 9110 section 7.6.1: a field that they name goes no
 * further. Framing and Host are never removed in this way.
 */
final class ConnectionOptions {
  private static final byte[] CLOSE = Octets.ascii("close");
  private static final byte[] KEEP_ALIVE = Octets.ascii("keep-alive");
  private static final byte[] UPGRADE = Octets.ascii("upgrade");

  boolean close;
  boolean keepAlive;
  boolean upgrade;

  void clear() {
    close = false;
    keepAlive = false;
    upgrade = false;
  }

  /** Reads one field's value; false if it is not a list of tokens, or names what may not go. */
  boolean read(Head head, int field) {
    byte[] bytes = head.bytes;
    int end = head.valueEnd(field);
    int at = head.valueStart(field);
    while (at < end) {
      int start = at;
      while (at < end && Octets.token(bytes[at])) {
        at++;
      }
      if (at > start && !option(head, start, at)) {
        return false;
      }
      while (at < end && (bytes[at] == ' ' || bytes[at] == '\t')) {
        at++;
      }
      if (at < end && bytes[at++] != ',') {
        return false;
      }
      while (at < end && (bytes[at] == ' ' || bytes[at] == '\t')) {
        at++;
      }
    }
    return true;
  }

  private boolean option(Head head, int start, int end) {
    byte[] bytes = head.bytes;
    if (Octets.same(bytes, start, end, CLOSE)) {
      close = true;
      return true;
    }
    if (Octets.same(bytes, start, end, KEEP_ALIVE)) {
      keepAlive = true;
      return true;
    }
    if (Octets.same(bytes, start, end, UPGRADE)) {
      upgrade = true;
      return true;
    }
    for (int i = 0; i < head.count(); i++) {
      if (Octets.same(bytes, start, end, head.nameStart(i), head.nameEnd(i))) {
        switch (head.name(i)) {
          case HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, EXPECT -> {
            return false;
          }
          case TE, UPGRADE, KEEP_ALIVE, DROPPED, OWN -> {}
          case OTHER, OVERRIDE -> head.drop(i);
        }
      }
    }
    return true;
  }
}
