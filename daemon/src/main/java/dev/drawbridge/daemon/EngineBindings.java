package dev.drawbridge.daemon;

import dev.drawbridge.bpf.BpfException;
import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.Origin;
import dev.drawbridge.bpf.OriginKey;
import dev.drawbridge.bpf.SocketState;
import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.l7.OnwardSockets;
import dev.drawbridge.l7.Origins;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/** What the engine needs of the kernel's maps. Safe for any thread. */
final class EngineBindings implements Origins, OnwardSockets {

  private static final Logger log = Logger.getLogger(EngineBindings.class.getName());

  private final BpfMap origins;
  private final BpfMap sockets;
  private final LongSupplier generation;

  /**
   * @param origins where redirected connections wanted to go
   * @param sockets the socket storage that the agent's own program reads
   * @param generation the policy generation in force
   */
  EngineBindings(BpfMap origins, BpfMap sockets, LongSupplier generation) {
    this.origins = origins;
    this.sockets = sockets;
    this.generation = generation;
  }

  @Override
  public Optional<ConnectionOrigin> claim(
      int netnsNumber, InetSocketAddress remote, InetSocketAddress local) {
    OriginKey key =
        new OriginKey(netnsNumber, remote.getAddress(), remote.getPort(), local.getPort());
    try {
      return origins
          .lookupAndDelete(key.encode())
          .map(Origin::decode)
          .map(origin ->
              new ConnectionOrigin(
                  origin.caller(),
                  origin.callee(),
                  new InetSocketAddress(origin.destination(), origin.port()),
                  origin.arrival()));
    } catch (BpfException e) {
      log.log(Level.WARNING, "the origin of a connection cannot be read; it is closed", e);
      return Optional.empty();
    }
  }

  @Override
  public void speakFor(int fd, int caller, int callee, int port) throws IOException {
    byte[] key =
        ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder()).putInt(fd).array();
    try {
      sockets.put(key, SocketState.engine(generation.getAsLong(), caller, callee, port).encode());
    } catch (BpfException e) {
      throw new IOException("the kernel does not take the identity of an engine socket", e);
    }
  }
}
