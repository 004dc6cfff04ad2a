package dev.drawbridge.bpf.abi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.drawbridge.bpf.key.AddressKey;
import dev.drawbridge.bpf.key.FlowKey;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class NativeOrderTest {
  private static final InetAddress V4 = NativeOrder.asAddress(mapped(192, 0, 2, 1));

  private static byte[] mapped(int a, int b, int c, int d) {
    return new byte[] {
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, (byte) a, (byte) b, (byte) c, (byte) d
    };
  }

  @Test
  void scalarsComeBackAsTheyWent() {
    for (int value : new int[] {0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      assertEquals(value, NativeOrder.asU32(NativeOrder.u32(value)));
    }
    for (long value : new long[] {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
      assertEquals(value, NativeOrder.asU64(NativeOrder.u64(value)));
    }
  }

  @Test
  void ipv4IsMappedAndComesBackAsIpv4() {
    assertInstanceOf(Inet4Address.class, V4);
    assertEquals("192.0.2.1", V4.getHostAddress());
    assertArrayEquals(mapped(192, 0, 2, 1), NativeOrder.address(V4));
  }

  @Test
  void ipv6StaysIpv6EvenWhenItIsAlmostMapped() {
    byte[] bytes = mapped(192, 0, 2, 1);
    bytes[10] = 0;
    bytes[11] = 0;
    assertInstanceOf(Inet6Address.class, NativeOrder.asAddress(bytes));
    assertArrayEquals(bytes, NativeOrder.address(NativeOrder.asAddress(bytes)));
  }

  @Test
  void anyOtherLengthIsRefused() {
    for (int length : List.of(0, 3, 4, 5, 7, 9, 15, 17, 100)) {
      byte[] bytes = new byte[length];
      assertThrows(IllegalArgumentException.class, () -> NativeOrder.asAddress(bytes));
      assertThrows(IllegalArgumentException.class, () -> NativeOrder.asU64(bytes));
      if (length != 4) {
        assertThrows(IllegalArgumentException.class, () -> NativeOrder.asU32(bytes));
      }
      assertThrows(IllegalArgumentException.class, () -> Event.decode(bytes));
      assertThrows(IllegalArgumentException.class, () -> Table.decode(bytes));
      assertThrows(IllegalArgumentException.class, () -> Flow.decode(bytes));
      assertThrows(IllegalArgumentException.class, () -> FlowKey.decode(bytes));
      assertThrows(IllegalArgumentException.class, () -> SocketState.decode(bytes));
      assertThrows(IllegalArgumentException.class, () -> Endpoint.decode(bytes));
      assertThrows(IllegalArgumentException.class, () -> AddressKey.decode(bytes));
      assertThrows(IllegalArgumentException.class, () -> Pair.decode(bytes));
      assertThrows(IllegalArgumentException.class, () -> Self.decode(bytes));
      assertThrows(IllegalArgumentException.class, () -> Config.decode(bytes));
      assertThrows(IllegalArgumentException.class, () -> GuardConfig.decode(bytes));
    }
  }

  @Test
  void valuesThatDoNotFitTheirFieldAreRefused() {
    refused(() -> new Endpoint(false, false, false, false, 0, 0, 0));
    refused(() -> new Endpoint(false, false, false, false, -1, 0, 0));
    refused(() -> new Endpoint(false, false, false, false, 1, 65536, 0));
    refused(() -> new Endpoint(false, false, false, false, 1, 0, -1));
    refused(() -> new Self(-1, Self.Kind.CONTAINER));
    refused(() -> new Pair(-1, 0, KernelDirection.EGRESS));
    refused(() -> new Range(256, 0, 0, KernelVerdict.ALLOW, 0));
    refused(() -> new Range(6, 2, 1, KernelVerdict.ALLOW, 0));
    refused(() -> new Range(6, 0, 65536, KernelVerdict.ALLOW, 0));
    refused(() -> new Range(6, 1, 2, KernelVerdict.AUDIT, 0));
    refused(() -> new Range(6, 1, 2, KernelVerdict.ALLOW, -1));
    refused(() -> new Config(-1, 0));
    refused(() -> new Config(1L << 32, 0));
    refused(() -> new FlowKey(V4, -1, V4, 0, 6));
    refused(() -> new FlowKey(V4, 0, V4, 65536, 6));
    refused(() -> new FlowKey(V4, 0, V4, 0, 256));
    refused(() -> SocketState.engine(1L << 32, 256, 257, 80));
    refused(() -> SocketState.engine(1, 256, 257, 65536));
  }

  @Test
  void aNetworkIsAPeerEverywhereButNeverAnOwner() {
    int network = 0x80000001;
    Pair pair = new Pair(256, network, KernelDirection.EGRESS);
    assertEquals(pair, Pair.decode(pair.encode()));
    Flow flow = new Flow(1, network, network, false, true, 1, 256, 1, 1);
    assertEquals(flow, Flow.decode(flow.encode()));
    byte[] event = new byte[Event.SIZE];
    System.arraycopy(NativeOrder.u32(network), 0, event, 12, 4);
    assertEquals(network, Event.decode(event).peer());
    refused(() -> new Pair(network, 256, KernelDirection.EGRESS));
  }

  @Test
  void tableRefusesWhatTheKernelWouldSearchWrongly() {
    Range first = new Range(6, 10, 20, KernelVerdict.ALLOW, 1);
    refused(() -> new Table(List.of(first, first)));
    refused(() -> new Table(List.of(first, new Range(6, 20, 30, KernelVerdict.ALLOW, 1))));
    refused(() -> new Table(List.of(first, new Range(6, 1, 2, KernelVerdict.ALLOW, 1))));
    refused(() -> new Table(List.of(new Range(17, 1, 2, KernelVerdict.ALLOW, 1), first)));
    refused(() ->
        new Table(
            IntStream.range(0, 33)
                .mapToObj(port -> new Range(6, port, port, KernelVerdict.ALLOW, 1))
                .toList()));
    new Table(List.of(first, new Range(6, 21, 21, KernelVerdict.DENY, 1)));
    new Table(List.of(first, new Range(17, 1, 2, KernelVerdict.ENGINE, 1)));
  }

  @Test
  void bytesTheKernelCannotHaveWrittenAreRefused() {
    byte[] event = new byte[Event.SIZE];
    Event.decode(event);
    refusedAfter(event, 26, 4); // verdict
    refusedAfter(event, 27, 2); // direction
    refusedAfter(event, 29, 10); // hook
    refusedAfter(event, 34, 3); // side
    byte[] table = new Table(List.of()).encode();
    System.arraycopy(NativeOrder.u32(33), 0, table, 0, 4);
    refused(() -> Table.decode(table));
    System.arraycopy(NativeOrder.u32(-1), 0, table, 0, 4);
    refused(() -> Table.decode(table));
    byte[] self = new byte[Self.SIZE];
    System.arraycopy(NativeOrder.u32(-1), 0, self, 4, 4);
    refused(() -> Self.decode(self));
  }

  private static void refusedAfter(byte[] good, int at, int bad) {
    byte[] broken = good.clone();
    broken[at] = (byte) bad;
    refused(() -> Event.decode(broken));
  }

  @Test
  void prefixesWithBitsBehindThemAreRefused() {
    refused(() -> AddressKey.block(V4, 24));
    refused(() -> AddressKey.block(V4, 33));
    refused(() -> AddressKey.block(V4, -1));
    refused(() -> new AddressKey(129, V4));
    refused(() -> new AddressKey(0, V4)); // the mapped prefix itself has bits set
    assertEquals(new AddressKey(128, V4), AddressKey.block(V4, 32));
  }

  private static void refused(Executable executable) {
    assertThrows(IllegalArgumentException.class, executable);
  }
}
