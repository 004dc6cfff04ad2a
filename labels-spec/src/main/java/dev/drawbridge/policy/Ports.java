package dev.drawbridge.policy;

import java.util.ArrayList;
import java.util.List;

/** Ports of the callee, by protocol. */
public record Ports(List<Span> spans) {
  public static final int TCP = 6;
  public static final int UDP = 17;
  public static final int SCTP = 132;
  public static final int ICMP = 1;
  public static final int ICMPV6 = 58;
  public static final int MAX_PORT = 65535;

  /** No port written. */
  public static final Ports NONE = new Ports(List.of());

  public Ports {
    spans = List.copyOf(spans);
  }

  /**
   * A run of ports.
   *
   * @param protocol IPPROTO_*; {@link #ICMP} stands for ICMPv6 as well
   * @param low inclusive; 0 for ICMP
   * @param high inclusive; 0 for ICMP
   */
  public record Span(int protocol, int low, int high) {
    public boolean covers(int otherProtocol, int port) {
      return protocol == otherProtocol && low <= port && port <= high;
    }

    public boolean isWholeProtocol() {
      return low <= 1 && high == MAX_PORT;
    }

    String print() {
      if (protocol == ICMP) {
        return "icmp";
      }
      if (isWholeProtocol()) {
        return protocolName(protocol);
      }
      return (low == high ? "" + low : low + "-" + high) + "/" + protocolName(protocol);
    }
  }

  public boolean isEmpty() {
    return spans.isEmpty();
  }

  /** Whether that port of a transport, by IANA's number, is one of them. */
  public boolean covers(int protocol, int port) {
    for (Span span : spans) {
      if (span.covers(protocol, port)) {
        return true;
      }
    }
    return false;
  }

  /** Whether that port is written there by itself, in no range. */
  public boolean names(int protocol, int port) {
    return spans.contains(new Span(protocol, port, port));
  }

  /** As {@code connect} writes it: with protocols. */
  public String print() {
    return String.join(",", spans.stream().map(Span::print).toList());
  }

  /** As {@code port} writes it: TCP goes without saying. */
  public String printNumbers() {
    var parts = new ArrayList<String>();
    for (Span span : spans) {
      parts.add(span.low == span.high ? "" + span.low : span.low + "-" + span.high);
    }
    return String.join(",", parts);
  }

  public static String protocolName(int protocol) {
    return switch (protocol) {
      case TCP -> "tcp";
      case UDP -> "udp";
      case SCTP -> "sctp";
      case ICMP -> "icmp";
      case ICMPV6 -> "icmpv6";
      default -> "protocol " + protocol;
    };
  }
}
