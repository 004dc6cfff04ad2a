package dev.drawbridge.daemon;

import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.NetworkNamespace;
import dev.drawbridge.l7.EngineListener;
import dev.drawbridge.l7.L7Engine;
import dev.drawbridge.l7.NetnsHandle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * The network namespaces that guarded containers live in, each with the engine's listeners. A
 * namespace is let go with its last container, because an open one delays the end of its devices.
 * Used by the control loop's thread alone.
 */
final class Spaces {

  private final L7Engine engine;
  private final Attachments attachments;
  private final BpfMap listeners;
  private final long hostInode;
  private final Map<Integer, Space> open = new HashMap<>();

  Spaces(L7Engine engine, Attachments attachments, BpfMap listeners, long hostInode) {
    this.engine = engine;
    this.attachments = attachments;
    this.listeners = listeners;
    this.hostInode = hostInode;
  }

  private record Inside(NetworkNamespace namespace) implements NetnsHandle {
    @Override
    public <T> T call(Callable<T> call) throws Exception {
      return namespace.call(call);
    }
  }

  /** One namespace. */
  static final class Space {
    private final int number;
    private final NetworkNamespace namespace;
    private final EngineListener listener;
    private int users;

    private Space(int number, NetworkNamespace namespace, EngineListener listener) {
      this.number = number;
      this.namespace = namespace;
      this.listener = listener;
    }

    int number() {
      return number;
    }

    int port4() {
      return listener.port4();
    }

    int port6() {
      return listener.port6();
    }
  }

  /** The namespace of a process, opened if no other container shares it yet. */
  Space enter(int pid) throws IOException {
    NetworkNamespace namespace = NetworkNamespace.ofPid(pid);
    int number = number(namespace.inode());
    Space known = open.get(number);
    if (known != null) {
      namespace.close();
      known.users++;
      return known;
    }
    EngineListener listener = null;
    try {
      listener = engine.listen(number, new Inside(namespace));
      if (namespace.inode() != hostInode) {
        offer(number, 0, listener.fd4());
        offer(number, 1, listener.fd6());
        attachments.attachNamespace(number, namespace);
      }
      Space space = new Space(number, namespace, listener);
      space.users = 1;
      open.put(number, space);
      return space;
    } catch (IOException | RuntimeException e) {
      if (listener != null) {
        listener.close();
      }
      namespace.close();
      throw e;
    }
  }

  private void offer(int number, int family, int fd) {
    if (fd >= 0) {
      listeners.put(
          bytes(Integer.BYTES).putInt((number << 1) | family).array(),
          bytes(Long.BYTES).putLong(fd).array());
    }
  }

  /** One container fewer lives there. */
  void leave(Space space) {
    space.users--;
    if (space.users > 0) {
      return;
    }
    open.remove(space.number);
    space.listener.close();
    space.namespace.close();
    attachments.detachNamespace(space.number);
  }

  /** Whether a guarded container lives in the namespace of that number. */
  boolean has(int number) {
    return open.containsKey(number);
  }

  /**
   * The number of a namespace: its inode without the top bit, so that it can be shifted by one for
   * the address family and stays positive. It is the same after a restart of the agent.
   */
  static int number(long inode) {
    return (int) (inode & 0x7fff_ffffL);
  }

  private static ByteBuffer bytes(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
  }
}
