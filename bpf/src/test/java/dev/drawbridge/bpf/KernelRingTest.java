package dev.drawbridge.bpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.abi.Event;
import dev.drawbridge.bpf.abi.KernelDirection;
import dev.drawbridge.bpf.abi.KernelHook;
import dev.drawbridge.bpf.abi.KernelVerdict;
import dev.drawbridge.bpf.abi.SourceLine;
import dev.drawbridge.bpf.failure.BpfException;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The program {@code report} puts what it is given as a packet into the ring, as if it were an
 * event.
 */
@Tag("kernel")
class KernelRingTest {
  private static final byte[] NO_CONTEXT = {};
  private static final int ETHERNET_HEADER = 14;

  private final KernelLab lab = new KernelLab();
  private final BpfObject object = BpfObject.load(SampleObject.sample());

  @AfterEach
  void leavesNothingBehind() {
    object.close();
    lab.close();
  }

  private static Event event(int number) {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    return new Event(
        1,
        256,
        257,
        number,
        1,
        3,
        KernelVerdict.DENY,
        KernelDirection.EGRESS,
        6,
        KernelHook.CONNECT4,
        Event.Side.CALLER,
        loopback,
        40000,
        loopback,
        80,
        SourceLine.NONE);
  }

  /** A cgroup_skb program sees the packet from its network header on. */
  private void write(byte[] record, int times) {
    byte[] packet = new byte[ETHERNET_HEADER + record.length];
    packet[12] = 8;
    System.arraycopy(record, 0, packet, ETHERNET_HEADER, record.length);
    object.program("report").testRun(packet, NO_CONTEXT, times);
  }

  private EventRing ring(Consumer<Event> sink) {
    return new EventRing(object.map("ring"), object.map("counts"), sink);
  }

  @Test
  void eventsArriveInOrderOnTheNamedPlatformThread() throws Exception {
    BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    List<Thread> threads = new CopyOnWriteArrayList<>();
    try (EventRing ring =
        ring(event -> {
          threads.add(Thread.currentThread());
          events.add(event);
        })) {
      ring.start();
      assertThrows(IllegalStateException.class, ring::start);
      KernelLab.await(ring::reading, "the thread");
      for (int i = 0; i < 20; i++) {
        write(event(i).encode(), 1);
      }
      for (int i = 0; i < 20; i++) {
        assertEquals(event(i), events.poll(20, TimeUnit.SECONDS));
      }
      KernelLab.await(() -> ring.delivered() == 20, "the count of events");
      assertEquals(0, ring.undelivered());
      assertEquals(0, ring.lost());
      assertFalse(threads.getFirst().isVirtual());
      assertEquals("drawbridge-events", threads.getFirst().getName());
    }
    KernelLab.await(() -> !threads.getFirst().isAlive(), "the thread to end");
  }

  @Test
  void aFullRingIsCountedAndReadingGoesOn() {
    AtomicInteger seen = new AtomicInteger();
    try (EventRing ring = ring(event -> seen.incrementAndGet())) {
      write(event(1).encode(), 200); // 4096 bytes hold 51 of them
      assertTrue(ring.lost() >= 100, "lost " + ring.lost());
      assertEquals(0, seen.get());
      ring.start();
      KernelLab.await(() -> seen.get() + ring.lost() == 200, "what was in the ring");
      long before = seen.get();
      write(event(2).encode(), 1);
      KernelLab.await(() -> seen.get() == before + 1, "an event after the loss");
    }
  }

  @Test
  void neitherAFaultySinkNorAMeaninglessRecordEndsTheReader() throws Exception {
    BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    try (EventRing ring =
        ring(event -> {
          if (event.rule() == 1) {
            throw new IllegalStateException("the sink is meant to fail");
          }
          if (event.rule() == 2) {
            throw new StackOverflowError("the sink is meant to fail badly");
          }
          events.add(event);
        })) {
      ring.start();
      write(event(1).encode(), 1);
      write(event(2).encode(), 1);
      byte[] meaningless = event(3).encode();
      meaningless[26] = 99; // no such verdict
      write(meaningless, 1);
      write(event(4).encode(), 1);
      assertEquals(event(4), events.poll(20, TimeUnit.SECONDS));
      assertEquals(3, ring.undelivered());
    }
  }

  @Test
  void closingWhileEventsArriveStopsTheThreadOnly() {
    AtomicInteger seen = new AtomicInteger();
    for (int round = 0; round < 20; round++) {
      try (EventRing ring = ring(event -> seen.incrementAndGet())) {
        ring.start();
        write(event(round).encode(), 40);
      }
    }
    try (EventRing rest = ring(event -> seen.incrementAndGet())) {
      rest.start();
      KernelLab.await(() -> seen.get() + rest.lost() == 800, "every event to be seen or counted");
    }
  }

  @Test
  void aSinkCannotCloseTheRingItIsCalledFrom() {
    AtomicReference<EventRing> self = new AtomicReference<>();
    try (EventRing ring = ring(event -> self.get().close())) {
      self.set(ring);
      ring.start();
      write(event(1).encode(), 1);
      KernelLab.await(() -> ring.undelivered() == 1, "the refusal");
      assertTrue(ring.reading());
    }
  }

  @Test
  void closingTwiceOrBeforeStartingIsHarmless() {
    EventRing never = ring(event -> {});
    never.close();
    never.close();
    assertThrows(IllegalStateException.class, never::start);
  }

  @Test
  void aMapThatIsNoRingIsRefused() {
    BpfException refused =
        assertThrows(
            BpfException.class,
            () -> new EventRing(object.map("hash"), object.map("counts"), event -> {}).close());
    assertEquals("hash", refused.object());
    assertEquals("EINVAL", refused.errno().orElseThrow());
  }
}
