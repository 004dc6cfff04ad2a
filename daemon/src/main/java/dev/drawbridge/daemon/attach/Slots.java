package dev.drawbridge.daemon.attach;

import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.abi.Slot;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.key.SlotKey;
import dev.drawbridge.l7.ConnectionOrigin;
import dev.drawbridge.l7.DatagramOrigins;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;

/** Where the kernel's programs have sent datagrams to. Safe for any thread. */
public final class Slots {
  private static final System.Logger log = System.getLogger(Slots.class.getName());

  private static final int NOBODY = 0;

  private final BpfMap slots;

  /**
   * @param slots the map
   * @param afterAnother whether another agent still listens; else what one before this has left is
   *     forgotten, because its listeners are gone
   */
  public Slots(BpfMap slots, boolean afterAnother) {
    this.slots = slots;
    if (!afterAnother) {
      int _ = slots.clear();
    }
  }

  /** Those of one namespace. */
  public DatagramOrigins of(int netns) {
    return (slot, version6) -> sentTo(new SlotKey(netns, slot, version6));
  }

  private Optional<ConnectionOrigin> sentTo(SlotKey key) {
    try {
      return slots
          .lookup(key.encode())
          .map(Slot::decode)
          .filter(slot -> slot.owner() != NOBODY)
          .map(slot ->
              new ConnectionOrigin(
                  slot.owner(),
                  slot.callee(),
                  new InetSocketAddress(slot.destination(), slot.port()),
                  false));
    } catch (BpfException e) {
      log.log(Level.WARNING, "where a datagram was sent cannot be read; it is dropped", e);
      return Optional.empty();
    }
  }

  /**
   * A listener is there that stands for nobody yet: what reaches it by itself must not be taken for
   * what is sent by who claims it next.
   *
   * @param listener its port
   */
  public void opens(SlotKey key, int listener) {
    slots.put(
        key.encode(),
        new Slot(0, NOBODY, NOBODY, 0, listener, InetAddress.getLoopbackAddress()).encode());
  }

  /** A namespace is gone. */
  public void forget(int netns) {
    for (int slot = 0; slot < SlotKey.SLOTS; slot++) {
      boolean _ = slots.delete(new SlotKey(netns, slot, false).encode());
      boolean _ = slots.delete(new SlotKey(netns, slot, true).encode());
    }
  }
}
