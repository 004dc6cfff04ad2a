package dev.drawbridge.policy.kernel;

/**
 * Ports of the callee that share a verdict.
 *
 * @param protocol IPPROTO_*: 6 TCP, 17 UDP, 132 SCTP, 1 ICMP, 58 ICMPv6
 * @param low inclusive; 0 for ICMP
 * @param high inclusive; 0 for ICMP
 * @param rule number of the deciding rule, 0 for none
 * @param firm a denial of the host's own, which holds in audit mode too
 */
public record PortRange(
    int protocol, int low, int high, L4Verdict verdict, int rule, boolean firm) {

  /** What audit mode lets pass, if it denies. */
  public PortRange(int protocol, int low, int high, L4Verdict verdict, int rule) {
    this(protocol, low, high, verdict, rule, false);
  }
}
