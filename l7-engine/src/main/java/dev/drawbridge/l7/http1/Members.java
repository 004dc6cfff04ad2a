package dev.drawbridge.l7.http1;

/** The members of a field's value that is a list: RFC 9110 section 5.6.1. */
final class Members {
  private Members() {}

  /** Whether a comma-separated value holds the word. */
  static boolean has(Head head, int field, byte[] lowerCaseWord) {
    int at = head.valueStart(field);
    while (at < head.valueEnd(field)) {
      if (Octets.same(head.bytes, at, end(head, field, at), lowerCaseWord)) {
        return true;
      }
      at = after(head, field, at);
    }
    return false;
  }

  /** Where the member of a list ends that begins there, without blanks. */
  static int end(Head head, int field, int start) {
    int end = start;
    while (end < head.valueEnd(field) && head.bytes[end] != ',') {
      end++;
    }
    while (end > start && blank(head.bytes[end - 1])) {
      end--;
    }
    return end;
  }

  /** Where the member behind it begins. */
  static int after(Head head, int field, int start) {
    int at = start;
    while (at < head.valueEnd(field) && head.bytes[at] != ',') {
      at++;
    }
    at++;
    while (at < head.valueEnd(field) && blank(head.bytes[at])) {
      at++;
    }
    return at;
  }

  private static boolean blank(int octet) {
    return octet == ' ' || octet == '\t';
  }
}
