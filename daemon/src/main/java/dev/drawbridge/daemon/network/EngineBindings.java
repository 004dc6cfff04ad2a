package dev.drawbridge.daemon.network;

import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.abi.SocketState;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.l7.OnwardSockets;
import dev.drawbridge.l7.Origins;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.function.LongSupplier;

/** What the engine needs of the kernel's maps. Safe for any thread. */
public final class EngineBindings implements Origins, OnwardSockets {

  private static final System.Logger log = System.getLogger(EngineBindings.class.getName());

  private final BpfMap sockets;
  private final LongSupplier generation;

  /**
   * @param sockets the socket storage that the agent's own programs read and write
   * @param generation the policy generation in force
   */
  public EngineBindings(BpfMap sockets, LongSupplier generation) {
    this.sockets = sockets;
    this.generation = generation;
  }

  @Override
  public Optional<ConnectionOrigin> claim(
      int fd, InetSocketAddress remote, InetSocketAddress local) {
    try {
      return sockets
          .lookup(key(fd))
          .map(SocketState::decode)
          .filter(state -> state.role() == SocketState.Role.ACCEPTED)
          .map(state ->
              new ConnectionOrigin(
                  state.owner(),
                  state.peer(),
                  new InetSocketAddress(state.address(), state.port()),
                  state.arrived()));
    } catch (BpfException e) {
      log.log(Level.WARNING, "the origin of a connection cannot be read; it is closed", e);
      return Optional.empty();
    }
  }

  @Override
  public void speakFor(int fd, int caller, int callee, int port) throws IOException {
    try {
      sockets.put(
          key(fd), SocketState.engine(generation.getAsLong(), caller, callee, port).encode());
    } catch (BpfException e) {
      throw new IOException("the kernel does not take the identity of an engine socket", e);
    }
  }

  private static byte[] key(int fd) {
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder()).putInt(fd).array();
  }
}
