package dev.drawbridge.policy.language;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A DNS name that somebody asks about, whatever octets are in it.
 *
 * @param labels in lower case of ASCII, unusual octets escaped as in a zone file; none for the root
 * @param isPlain whether every label is of letters, digits, {@code -} and {@code _} and fits into a
 *     message: what is not is read differently by different programs
 */
public record DnsName(List<String> labels, boolean isPlain) {
  public DnsName {
    labels = List.copyOf(labels);
  }

  /** Any text is a name; case and a dot at the end do not matter. */
  public static DnsName of(String text) {
    if (text.equals(".")) {
      return new DnsName(List.of(), true);
    }
    var labels = new ArrayList<String>();
    var label = new StringBuilder();
    boolean plain = true;
    boolean ended = false;
    int octets = 0;
    int length = 1;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      ended = c == '.';
      if (ended) {
        plain &= octets > 0 && octets <= NamePattern.MAX_LABEL;
        length += octets + 1;
        labels.add(label.toString());
        label.setLength(0);
        octets = 0;
        continue;
      }
      octets++;
      if (c == '\\' && i + 1 < text.length()) {
        int octet = octet(text, i + 1);
        i += octet < 0 ? 1 : 3;
        c = octet < 0 ? text.charAt(i) : (char) octet;
      } else if (c == '\\') {
        plain = false;
      }
      plain &= append(label, c);
    }
    if (!ended) {
      plain &= octets > 0 && octets <= NamePattern.MAX_LABEL;
      length += octets + 1;
      labels.add(label.toString());
    }
    return new DnsName(labels, plain && length <= NamePattern.MAX_WIRE);
  }

  /** Three decimal digits up to 255; -1 for anything else. */
  private static int octet(String text, int at) {
    if (at + 3 > text.length()) {
      return -1;
    }
    int value = 0;
    for (int i = at; i < at + 3; i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      value = value * 10 + digit;
    }
    return value <= 255 ? value : -1;
  }

  /** Whether it may stand there as it is. */
  private static boolean append(StringBuilder label, char c) {
    char lower = NamePattern.lower(c);
    if (NamePattern.isPlain(lower)) {
      label.append(lower);
      return true;
    }
    if (c > ' ' && c < 127 && (c < '0' || c > '9')) {
      label.append('\\').append(c);
      return false;
    }
    // What is no octet is told by those that it is written with.
    byte[] octets =
        c < 256 ? new byte[] {(byte) c} : String.valueOf(c).getBytes(StandardCharsets.UTF_8);
    for (byte octet : octets) {
      int value = octet & 255;
      label.append('\\');
      label.append((char) ('0' + value / 100));
      label.append((char) ('0' + value / 10 % 10));
      label.append((char) ('0' + value % 10));
    }
    return false;
  }

  /** Without a dot at the end, but for the root's. */
  public String print() {
    return labels.isEmpty() ? "." : String.join(".", labels);
  }

  /**
   * Whether only a resolver on the inside can know it: one label, or below a name of the inside.
   */
  public boolean isInside() {
    return labels.size() == 1
        || InsideNames.END_WITH.stream()
            .anyMatch(end ->
                labels.size() > end.size()
                    && labels.subList(labels.size() - end.size(), labels.size()).equals(end));
  }

  @Override
  public String toString() {
    return print();
  }
}
