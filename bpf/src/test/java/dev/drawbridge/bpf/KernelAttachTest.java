package dev.drawbridge.bpf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class KernelAttachTest {
  private static final byte[] SAMPLE = SampleObject.sample();

  private final KernelLab lab = new KernelLab();

  @AfterEach
  void leavesNothingBehind() {
    lab.close();
  }

  @Test
  void aLinkAttachesToItsCgroupAloneAndDetachesWhenClosed() throws Exception {
    try (BpfObject object = BpfObject.load(SAMPLE);
        ServerSocket server = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"))) {
      assertTrue(lab.connectsFromCgroup("127.0.0.1", server.getLocalPort()));
      try (Link link = object.program("refuse4").attachCgroup(lab.cgroup())) {
        assertFalse(lab.connectsFromCgroup("127.0.0.1", server.getLocalPort()));
        assertEquals(Cgroups.id(lab.cgroup()), link.target());
        assertEquals(object.program("refuse4").id(), link.programId());
        try (SocketChannel outside = SocketChannel.open(server.getLocalSocketAddress())) {
          assertTrue(outside.isConnected());
        }
      }
      assertTrue(lab.connectsFromCgroup("127.0.0.1", server.getLocalPort()));
    }
  }

  @Test
  void eachFamilyHasItsOwnAttachType() throws Exception {
    try (BpfObject object = BpfObject.load(SAMPLE);
        ServerSocket v4 = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
        ServerSocket v6 = new ServerSocket(0, 50, InetAddress.ofLiteral("::1"));
        Link _ = object.program("refuse6").attachCgroup(lab.cgroup())) {
      assertTrue(lab.connectsFromCgroup("127.0.0.1", v4.getLocalPort()));
      assertFalse(lab.connectsFromCgroup("::1", v6.getLocalPort()));
    }
  }

  @Test
  void aPinnedLinkOutlivesEverythingAndTakesAnotherProgram() throws Exception {
    Path pin = Pins.below(lab.bpffs()).link("0123abcd", "connect4");
    int id;
    try (BpfObject object = BpfObject.load(SAMPLE);
        Link link = object.program("refuse4").attachCgroup(lab.cgroup())) {
      link.pin(pin);
      id = link.id();
      BpfException twice = assertThrows(BpfException.class, () -> link.pin(pin));
      assertEquals(Optional.of("EEXIST"), twice.errno());
    }
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"))) {
      assertFalse(lab.connectsFromCgroup("127.0.0.1", server.getLocalPort()));
      try (BpfObject next = BpfObject.load(SAMPLE);
          Link link = Link.openPinned(pin)) {
        assertEquals(id, link.id());
        link.update(next.program("allow4"));
        assertEquals(next.program("allow4").id(), link.programId());
        assertTrue(lab.connectsFromCgroup("127.0.0.1", server.getLocalPort()));
        link.update(next.program("refuse4"));
        assertThrows(BpfException.class, () -> link.update(next.program("count_egress")));
      }
      assertFalse(lab.connectsFromCgroup("127.0.0.1", server.getLocalPort()));
      assertEquals(Set.of("0123abcd"), Pins.below(lab.bpffs()).containers());
      assertTrue(Link.unpin(pin));
      assertFalse(Link.unpin(pin));
      KernelLab.await(
          () -> lab.connectsFromCgroup("127.0.0.1", server.getLocalPort()), "the link to be gone");
    }
  }

  @Test
  void removingAContainersPinsDetachesIt() throws Exception {
    Pins pins = Pins.below(lab.bpffs());
    pins.create();
    try (BpfObject object = BpfObject.load(SAMPLE, pins.maps());
        Link link = object.program("refuse4").attachCgroup(lab.cgroup())) {
      link.pin(pins.link("one", "refuse4"));
    }
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"))) {
      assertFalse(lab.connectsFromCgroup("127.0.0.1", server.getLocalPort()));
      pins.removeLinks("one");
      KernelLab.await(
          () -> lab.connectsFromCgroup("127.0.0.1", server.getLocalPort()), "the link to be gone");
    }
    assertFalse(pins.removeAll().isEmpty());
    assertFalse(Files.exists(pins.root()));
  }

  @Test
  void aLinkOfACgroupThatIsGoneSaysSo() {
    Path inner = lab.cgroup().resolve("inner");
    Cgroups.create(inner);
    try (BpfObject object = BpfObject.load(SAMPLE);
        Link link = object.program("refuse4").attachCgroup(inner)) {
      assertEquals(Cgroups.id(inner), link.target());
      assertTrue(Cgroups.remove(inner));
      KernelLab.await(() -> link.target() == 0, "the link to notice");
    }
  }

  @Test
  void cgroupStorageAppearsAtTheFirstAttachAndIsShared() throws Exception {
    try (BpfObject object = BpfObject.load(SAMPLE)) {
      BpfMap group = object.map("group");
      byte[] key = NativeOrder.u64(Cgroups.id(lab.cgroup()));
      BpfException early =
          assertThrows(BpfException.class, () -> group.put(key, NativeOrder.u64(1)));
      assertTrue(early.hint().contains("attached to the cgroup"), early.hint());
      try (Link _ = object.program("count_egress").attachCgroup(lab.cgroup());
          ServerSocket server = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"))) {
        assertArrayEquals(NativeOrder.u64(0), group.lookup(key).orElseThrow());
        group.put(key, NativeOrder.u64(1000));
        assertTrue(lab.connectsFromCgroup("127.0.0.1", server.getLocalPort()));
        assertTrue(NativeOrder.asU64(group.lookup(key).orElseThrow()) > 1000);
        assertEquals(1, group.keys().size());
      }
    }
  }

  @Test
  void aProgramIsRefusedWhereItDoesNotBelong() {
    try (BpfObject object = BpfObject.load(SAMPLE)) {
      assertThrows(
          IllegalArgumentException.class,
          () -> object.program("choose").attachCgroup(lab.cgroup()));
      assertThrows(IllegalArgumentException.class, () -> object.program("allow4").attachNetns(0));
      BpfException missing =
          assertThrows(
              BpfException.class,
              () -> object.program("allow4").attachCgroup(lab.cgroup().resolve("none")));
      assertEquals(Optional.of("ENOENT"), missing.errno());
      BpfException other =
          assertThrows(
              BpfException.class, () -> object.program("allow4").attachCgroup(lab.bpffs()));
      assertEquals(Optional.of("EBADF"), other.errno());
    }
  }

  @Test
  void aListenerInAnotherNamespaceGetsWhatSkLookupChooses() throws Exception {
    Process process = lab.startInNamespace();
    int pid = Math.toIntExact(process.pid());
    try (BpfObject object = BpfObject.load(SAMPLE);
        NetworkNamespace namespace = NetworkNamespace.ofPid(pid)) {
      AtomicReference<ServerSocketChannel> server = new AtomicReference<>();
      int fd =
          KernelLab.socketOpenedBy(() ->
              server.set(
                  namespace.call(() -> {
                    ServerSocketChannel channel = ServerSocketChannel.open();
                    channel.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
                    return channel;
                  })));
      object.map("listeners").put(NativeOrder.u32(0), NativeOrder.u64(fd));
      try (Link link = object.program("choose").attachNetns(namespace.fd())) {
        assertEquals(namespace.inode(), link.target());
        // Nobody listens on port 9 of that namespace: the program's choice takes the connection.
        InetSocketAddress nobody = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 9);
        try (SocketChannel client = namespace.call(() -> SocketChannel.open(nobody));
            SocketChannel accepted = server.get().accept()) {
          assertEquals(nobody, accepted.getLocalAddress());
          assertEquals(nobody, client.getRemoteAddress());
        }
        link.pin(lab.bpffs().resolve("sk_lookup"));
        try (Link again = Link.openPinned(lab.bpffs().resolve("sk_lookup"))) {
          again.update(object.program("choose"));
          assertEquals(link.id(), again.id());
        }
      }
      server.get().close();
    }
  }

  @Test
  void testRunGivesTheReturnValueAndThePacket() {
    try (BpfObject object = BpfObject.load(SAMPLE)) {
      byte[] packet = new byte[100];
      packet[12] = 8; // an IPv4 frame
      RunResult run = object.program("report").testRun(packet, new byte[0], 1);
      assertEquals(1, run.returnValue());
      assertEquals(packet.length, run.dataOut().length);
      assertEquals(3, object.program("report").testRun(new byte[60], new byte[0], 1).returnValue());
      assertThrows(
          IllegalArgumentException.class,
          () -> object.program("report").testRun(packet, new byte[0], 0));
      BpfException unsupported =
          assertThrows(
              BpfException.class, () -> object.program("allow4").testRun(packet, new byte[0], 1));
      assertNotEquals(Optional.empty(), unsupported.errno());
    }
  }

  @Test
  void testRunOfSkLookupTakesAContextAndNoPacket() {
    try (BpfObject object = BpfObject.load(SAMPLE)) {
      // struct bpf_sk_lookup: cookie, family, protocol, then the remote and local side.
      ByteBuffer context = NativeOrder.allocate(72);
      context.putInt(8, 2).putInt(12, 6).putInt(64, 0);
      context.putInt(16, 0x0100007f).putShort(36, (short) 4000).putInt(40, 0x0100007f);
      context.putInt(60, 80);
      RunResult run = object.program("choose").testRun(new byte[0], NativeOrder.bytes(context), 1);
      assertEquals(0, run.returnValue()); // SK_DROP: no listener is known
      assertEquals(72, run.contextOut().length);
      assertEquals(0, run.dataOut().length);
    }
  }

  @Test
  void mountingABpffsTwiceIsOneMount() throws Exception {
    BpfFs.mount(lab.bpffs());
    assertTrue(BpfFs.mountedAt(lab.bpffs()));
    long mounts =
        Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
            .filter(line -> line.contains(lab.bpffs().toString()))
            .count();
    assertEquals(1, mounts);
    assertFalse(BpfFs.mountedAt(Path.of("/proc")));
    assertThrows(BpfException.class, () -> BpfFs.mount(Path.of("/proc/none")));
    assertThrows(BpfException.class, () -> BpfFs.unmount(Path.of("/usr")));
  }

  @Test
  void everyFeatureDrawbridgeNeedsIsFoundOnThisKernel() {
    assertEquals(Map.of(), KernelFeatures.missing());
    assertTrue(KernelFeatures.libbpfVersion().startsWith("v1."), KernelFeatures.libbpfVersion());
    for (KernelFeatures.Feature feature : KernelFeatures.Feature.values()) {
      assertEquals(new Probe.Supported(), KernelFeatures.probe(feature), feature.name());
      assertFalse(feature.since().isEmpty());
    }
  }

  @Test
  void aProcessIsFoundInTheCgroupItEntered() throws Exception {
    Process process = lab.startInCgroup("exec sleep 600");
    int pid = Math.toIntExact(process.pid());
    KernelLab.await(() -> Cgroups.ofPid(pid).equals(lab.cgroup()), "the process in the cgroup");
    Path inner = lab.cgroup().resolve("inner");
    Cgroups.create(inner);
    Cgroups.create(inner);
    Cgroups.enter(inner, pid);
    assertEquals(inner, Cgroups.ofPid(pid));
    BpfException busy = assertThrows(BpfException.class, () -> Cgroups.remove(inner));
    assertEquals("remove cgroup", busy.operation());
    Cgroups.enter(lab.cgroup(), pid);
    assertTrue(Cgroups.remove(inner));
    assertFalse(Cgroups.remove(inner));
    assertThrows(BpfException.class, () -> Cgroups.id(inner));
    assertEquals(List.of("0::/" + lab.cgroup().getFileName()), unifiedLines(pid));
  }

  private static List<String> unifiedLines(int pid) throws Exception {
    return Files.readAllLines(Path.of("/proc/" + pid + "/cgroup")).stream()
        .filter(line -> line.startsWith("0::"))
        .toList();
  }
}
