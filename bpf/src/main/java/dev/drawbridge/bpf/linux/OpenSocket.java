package dev.drawbridge.bpf.linux;

import java.net.InetSocketAddress;

/**
 * A TCP or UDP socket of a network namespace, as the kernel shows it (sock_diag(7), struct
 * inet_diag_msg of linux/inet_diag.h).
 *
 * @param state of a UDP socket: {@code ESTABLISHED} if it is connected, else {@code CLOSE}
 * @param local the socket's own end
 * @param remote the other end; the unspecified address and port 0 if there is none
 * @param ipv6 made with AF_INET6; its addresses may be IPv4 all the same ({@code ::ffff:a.b.c.d})
 * @param boundInterface index of the interface it is bound to, 0 for none
 * @param cookie what programs and SO_COOKIE call it; never used again until the next boot
 * @param cgroup id of the cgroup it was made in; 0 if the kernel does not say (before 5.8, and for
 *     TIME_WAIT and unaccepted connections)
 */
public record OpenSocket(
    Protocol protocol,
    State state,
    InetSocketAddress local,
    InetSocketAddress remote,
    boolean ipv6,
    int boundInterface,
    long cookie,
    long cgroup) {
  /** Which of the two; MPTCP's subflows are TCP sockets. */
  public enum Protocol {
    TCP(6),
    UDP(17);

    private final int number;

    Protocol(int number) {
      this.number = number;
    }

    /** The kernel's number. */
    public int number() {
      return number;
    }
  }

  /** The states of net/tcp_states.h. */
  public enum State {
    /** One that this version does not know. */
    UNKNOWN(0),
    ESTABLISHED(1),
    SYN_SENT(2),
    SYN_RECV(3),
    FIN_WAIT1(4),
    FIN_WAIT2(5),
    TIME_WAIT(6),
    CLOSE(7),
    CLOSE_WAIT(8),
    LAST_ACK(9),
    LISTEN(10),
    CLOSING(11),
    NEW_SYN_RECV(12),
    BOUND_INACTIVE(13);

    private final int number;

    State(int number) {
      this.number = number;
    }

    /** The kernel's number. */
    public int number() {
      return number;
    }

    static State of(int number) {
      for (State state : values()) {
        if (state.number == number) {
          return state;
        }
      }
      return UNKNOWN;
    }
  }

  /** Whether it has another end: a listener and an unconnected UDP socket have not. */
  public boolean connected() {
    return remote.getPort() != 0;
  }

  /** Whether both ends are on the namespace's own loopback, which is never judged. */
  public boolean loopback() {
    return local.getAddress().isLoopbackAddress() && remote.getAddress().isLoopbackAddress();
  }
}
