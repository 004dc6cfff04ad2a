package dev.drawbridge.bpf.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.abi.NativeOrder;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

final class InterfaceAddressesTest {

  @Test
  void agreesWithTheInterfacesOfThisVeryHost() throws SocketException {
    Set<InterfaceAddresses.Own> expected = new HashSet<>();
    for (NetworkInterface device : NetworkInterface.networkInterfaces().toList()) {
      for (InterfaceAddress each : device.getInterfaceAddresses()) {
        if (each.getAddress() instanceof Inet4Address ipv4) {
          expected.add(
              new InterfaceAddresses.Own(device.getName(), ipv4, each.getNetworkPrefixLength()));
        }
      }
    }
    assertEquals(expected, new HashSet<>(InterfaceAddresses.ipv4(1000)));
    assertEquals(1, InterfaceAddresses.ipv4(1).size());
  }

  private static ByteBuffer message(int last) {
    byte[] label = "eth0:7\0\0".getBytes(StandardCharsets.US_ASCII);
    ByteBuffer message = NativeOrder.allocate(8 + 8 + 4 + label.length);
    message.put((byte) 2).put((byte) 24).putShort((short) 0).putInt(1);
    message.putShort((short) 8).putShort((short) 2).put(new byte[] {10, 0, (byte) (last >> 8)});
    message.put((byte) last).putShort((short) (4 + label.length)).putShort((short) 3).put(label);
    return message.flip();
  }

  @Test
  void ofHundredsOfThousandsNoMoreAreKeptThanAreAskedFor() {
    List<InterfaceAddresses.Own> found = new ArrayList<>();
    Predicate<ByteBuffer> into = InterfaceAddresses.into(found, 100);
    for (int i = 1; i < 300_000; i++) {
      assertEquals(i >= 100, into.test(message(i)), "whether that is enough");
    }
    assertEquals(100, found.size());
    assertEquals(
        new InterfaceAddresses.Own("eth0", InetAddress.ofLiteral("10.0.0.100"), 24),
        found.getLast());
  }

  @Test
  void whatIsNoAddressIsLeftOut() {
    List<InterfaceAddresses.Own> found = new ArrayList<>();
    Predicate<ByteBuffer> into = InterfaceAddresses.into(found, 1);
    assertFalse(into.test(message(1).limit(4)));
    assertFalse(into.test(message(1).limit(12)));
    assertFalse(into.test(message(1).put(0, (byte) 10)));
    assertTrue(into.test(message(1)));
  }
}
