package dev.drawbridge.bpf.ffi;

/**
 * libbpf's functions for tc-bpf(8) filters, at interfaces of the calling thread's network
 * namespace. Every {@code int} is the result, or the negative errno.
 */
public interface TrafficControl {
  /** BPF_TC_INGRESS: packets that come into the host by the interface. */
  int INGRESS = 1;

  /** BPF_TC_EGRESS: packets that leave the host by the interface. */
  int EGRESS = 2;

  /**
   * libbpf.so.1 of this host.
   *
   * @throws LinkageError if it is absent or lacks a function; the message names which
   */
  static TrafficControl system() {
    return Libraries.trafficControl();
  }

  /**
   * Where a filter is.
   *
   * @param index the interface's number
   * @param point {@link #INGRESS} or {@link #EGRESS}
   * @param handle the filter's name among those of its priority
   * @param priority at least 1; the lowest is asked first
   */
  record Place(int index, int point, int handle, int priority) {}

  /**
   * bpf_tc_hook_create(): gives an interface a clsact queueing discipline; -EEXIST if it has one,
   * or one of the older kind, ingress.
   */
  int create(int index);

  /** bpf_tc_hook_destroy(): takes the queueing discipline off, with every filter at it. */
  int destroy(int index);

  /** bpf_tc_attach(), direct-action: in one step in the place of what is there. */
  int attach(Place place, int programFd);

  /** bpf_tc_detach(). */
  int detach(Place place);

  /** bpf_tc_query(): the id of the program that is there; -ENOENT if there is none. */
  int query(Place place);
}
