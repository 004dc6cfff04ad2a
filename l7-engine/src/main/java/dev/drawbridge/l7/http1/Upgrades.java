package dev.drawbridge.l7.http1;

/** What the fields Upgrade of a request list, all together. */
final class Upgrades {
  private static final byte[] WEBSOCKET = Octets.ascii("websocket");
  private static final byte[] H2C = Octets.ascii("h2c");
  private static final byte[] TLS_VERSION = Octets.ascii("tls/");

  boolean websocket;

  /** Something whose clients take an ordinary answer as well. */
  boolean optional;

  /** Anything else. */
  boolean another;

  void clear() {
    websocket = false;
    optional = false;
    another = false;
  }

  /** Notes what one more of them lists. */
  void read(Head head, int field) {
    int next = head.valueStart(field);
    while (next < head.valueEnd(field)) {
      int start = next;
      int end = Members.end(head, field, start);
      next = Members.after(head, field, start);
      if (Octets.same(head.bytes, start, end, WEBSOCKET)) {
        websocket = true;
      } else if (Octets.same(head.bytes, start, end, H2C)
          || begins(head, start, end, RequestHead.VERSION)
          || begins(head, start, end, TLS_VERSION)) {
        // A server that knows nothing of these answers all the same.
        optional = true;
      } else {
        another |= end > start;
      }
    }
  }

  private static boolean begins(Head head, int start, int end, byte[] lowerCaseWord) {
    return end - start >= lowerCaseWord.length
        && Octets.same(head.bytes, start, start + lowerCaseWord.length, lowerCaseWord);
  }
}
