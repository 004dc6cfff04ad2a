package dev.drawbridge.daemon.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.key.NeighbourKey;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The maps are maps of Java's, which have no end; ids are counted. */
final class AcquaintancesTest {
  private final Map<ByteBuffer, byte[]> neighbours = new HashMap<>();
  private final Map<ByteBuffer, byte[]> bound = new HashMap<>();
  private final Map<Integer, Namespace> open = new HashMap<>();
  private final Set<Namespace> asking = new HashSet<>();
  private boolean fails;
  private int lastId;

  private final Acquaintances acquaintances =
      new Acquaintances(entries(neighbours), entries(bound));

  private Acquaintances.Entries entries(Map<ByteBuffer, byte[]> map) {
    return new Acquaintances.Entries() {
      @Override
      public void put(byte[] key, byte[] value) {
        map.put(ByteBuffer.wrap(key), value);
      }

      @Override
      public boolean delete(byte[] key) {
        return map.remove(ByteBuffer.wrap(key)) != null;
      }
    };
  }

  private final class Namespace implements Acquaintances.Member {
    @Override
    public NetworkNamespace namespace() {
      throw new AssertionError("there is none");
    }

    @Override
    public Acquaintances.Ids ids() {
      Namespace self = this;
      asking.add(self);
      return new Acquaintances.Ids() {
        @Override
        public OptionalInt of(Acquaintances.Member other) {
          if (fails) {
            throw new IllegalStateException("the namespace is ending");
          }
          assertTrue(open.containsValue(self), "asks for a namespace that is gone");
          return OptionalInt.of(++lastId);
        }

        @Override
        public void close() {
          asking.remove(self);
        }
      };
    }
  }

  private void acquaint() {
    acquaintances.introduce(open, _ -> false, _ -> true);
  }

  private int id(int from, int to) {
    byte[] id = neighbours.get(ByteBuffer.wrap(new NeighbourKey(from, to).encode()));
    return id == null ? 0 : NativeOrder.asU32(id);
  }

  private void leave(int number) {
    open.remove(number);
    acquaintances.forget(number, open.keySet());
  }

  @Test
  void aNumberThatIsUsedAgainIsAnotherNamespace() {
    open.put(1, new Namespace());
    open.put(2, new Namespace());
    acquaint();
    int before = id(1, 2);
    assertTrue(before > 0 && id(2, 1) > 0);
    leave(2);
    assertEquals(Map.of(), neighbours);
    assertEquals(Set.of(open.get(1)), asking, "an open one would keep the namespace");
    open.put(2, new Namespace());
    acquaint();
    assertTrue(id(1, 2) > before && id(2, 1) > before);
  }

  @Test
  void whoEntersUnderAStaleNumberBeginsAnew() {
    open.put(1, new Namespace());
    open.put(2, new Namespace());
    acquaint();
    int before = id(1, 2);
    // Nobody said that it had ended.
    open.remove(2);
    acquaintances.forget(2, open.keySet());
    assertEquals(0, id(1, 2));
    open.put(2, new Namespace());
    acquaint();
    assertTrue(id(1, 2) > before);
  }

  @Test
  void whatFailedIsNotTakenForKnown() {
    open.put(1, new Namespace());
    open.put(2, new Namespace());
    fails = true;
    acquaint();
    assertEquals(Map.of(), neighbours);
    fails = false;
    acquaint();
    assertTrue(id(1, 2) > 0 && id(2, 1) > 0);
  }

  @Test
  void whoCannotBeAskedStaysSoUntilItsNumberBegins() throws BpfException {
    acquaintances.cannotBeAsked(7);
    acquaintances.forget(7, open.keySet());
    assertEquals(1, bound.size());
    acquaintances.begins(7);
    assertFalse(bound.containsKey(ByteBuffer.wrap(NativeOrder.u32(7))));
  }
}
