package dev.drawbridge.bpf;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.abi.SocketState;
import dev.drawbridge.bpf.abi.Table;
import dev.drawbridge.bpf.failure.BpfException;
import dev.drawbridge.bpf.failure.LoadRejected;
import dev.drawbridge.bpf.failure.MapLayoutMismatch;
import dev.drawbridge.bpf.key.AddressKey;
import dev.drawbridge.bpf.linux.Cgroups;
import dev.drawbridge.bpf.linux.Sockets;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("kernel")
class KernelMapTest {
  private static final byte[] SAMPLE = SampleObject.sample();

  private final KernelLab lab = new KernelLab();

  @AfterEach
  void leavesNothingBehind() {
    lab.close();
  }

  private BpfObject load() {
    return BpfObject.load(SAMPLE, lab.bpffs().resolve("maps"));
  }

  @Test
  void aMissingKeyIsNoError() {
    try (BpfObject object = load()) {
      for (String name : List.of("hash", "lru")) {
        BpfMap map = object.map(name);
        assertEquals(Optional.empty(), map.lookup(NativeOrder.u32(1)));
        assertEquals(Optional.empty(), map.lookupAndDelete(NativeOrder.u32(1)));
        assertFalse(map.delete(NativeOrder.u32(1)));
        assertEquals(List.of(), map.keys());
      }
      assertFalse(object.map("listeners").delete(NativeOrder.u32(9)));
      assertEquals(
          Optional.empty(), object.map("group").lookup(NativeOrder.u64(Cgroups.id(lab.cgroup()))));
    }
  }

  @Test
  void entriesComeBackAndGo() {
    try (BpfObject object = load()) {
      BpfMap map = object.map("hash");
      for (int i = 0; i < 16; i++) {
        map.put(NativeOrder.u32(i), NativeOrder.u64(100L + i));
      }
      assertFalse(map.putIfAbsent(NativeOrder.u32(3), NativeOrder.u64(1)));
      assertArrayEquals(NativeOrder.u64(103), map.lookup(NativeOrder.u32(3)).orElseThrow());
      map.put(NativeOrder.u32(3), NativeOrder.u64(203));
      TreeMap<Integer, Long> all = new TreeMap<>();
      map.forEach((key, value) -> all.put(NativeOrder.asU32(key), NativeOrder.asU64(value)));
      assertEquals(16, all.size());
      assertEquals(203L, all.get(3));
      assertArrayEquals(
          NativeOrder.u64(203), map.lookupAndDelete(NativeOrder.u32(3)).orElseThrow());
      assertEquals(Optional.empty(), map.lookup(NativeOrder.u32(3)));
      assertTrue(map.putIfAbsent(NativeOrder.u32(3), NativeOrder.u64(1)));
      assertTrue(map.delete(NativeOrder.u32(3)));
      assertEquals(15, map.clear());
      assertEquals(List.of(), map.keys());
    }
  }

  @Test
  void aFullMapRefusesAndSaysWhy() {
    try (BpfObject object = load()) {
      BpfMap map = object.map("hash");
      BpfException full =
          assertThrows(
              BpfException.class,
              () -> {
                for (int i = 0; i < 1000; i++) {
                  map.put(NativeOrder.u32(i), NativeOrder.u64(0));
                }
              });
      assertEquals("hash", full.object());
      assertEquals(Optional.of("E2BIG"), full.errno());
      assertEquals(
          "cannot write to map hash: E2BIG; all its 16 entries are in use", full.getMessage());
    }
  }

  @Test
  void keysAndValuesOfTheWrongSizeNeverReachTheKernel() {
    try (BpfObject object = load()) {
      BpfMap map = object.map("hash");
      byte[] key = NativeOrder.u32(1);
      byte[] value = NativeOrder.u64(1);
      assertThrows(IllegalArgumentException.class, () -> map.put(value, value));
      assertThrows(IllegalArgumentException.class, () -> map.put(key, key));
      assertThrows(IllegalArgumentException.class, () -> map.lookup(new byte[0]));
      assertThrows(IllegalArgumentException.class, () -> map.delete(value));
      assertThrows(IllegalArgumentException.class, () -> map.lookupAndDelete(value));
      assertThrows(IllegalStateException.class, () -> map.lookupPerCpu(key));
      assertThrows(IllegalStateException.class, () -> object.map("counts").lookup(key));
      assertThrows(IllegalStateException.class, () -> object.map("counts").put(key, value));
    }
  }

  @Test
  void aMapTypeThatCannotTakeInOneStepTakesInTwo() {
    try (BpfObject object = load()) {
      BpfMap trie = object.map("trie");
      byte[] key = AddressKey.exactly(InetAddress.getLoopbackAddress()).encode();
      trie.put(key, NativeOrder.u32(7));
      assertArrayEquals(NativeOrder.u32(7), trie.lookupAndDelete(key).orElseThrow());
      assertEquals(Optional.empty(), trie.lookupAndDelete(key));
    }
  }

  @Test
  void aTrieFindsTheLongestPrefix() throws Exception {
    try (BpfObject object = load()) {
      BpfMap trie = object.map("trie");
      InetAddress network = InetAddress.ofLiteral("10.1.0.0");
      InetAddress host = InetAddress.ofLiteral("10.1.2.3");
      trie.put(AddressKey.block(network, 16).encode(), NativeOrder.u32(2));
      assertArrayEquals(
          NativeOrder.u32(2), trie.lookup(AddressKey.exactly(host).encode()).orElseThrow());
      trie.put(AddressKey.exactly(host).encode(), NativeOrder.u32(300));
      assertArrayEquals(
          NativeOrder.u32(300), trie.lookup(AddressKey.exactly(host).encode()).orElseThrow());
      InetAddress other = InetAddress.ofLiteral("10.2.2.3");
      assertEquals(Optional.empty(), trie.lookup(AddressKey.exactly(other).encode()));
      assertEquals(2, trie.keys().size());
    }
  }

  @Test
  void aPerCpuEntryHasAValueForEachCpu() {
    try (BpfObject object = load()) {
      List<byte[]> values = object.map("counts").lookupPerCpu(NativeOrder.u32(0));
      assertTrue(values.size() >= Runtime.getRuntime().availableProcessors());
      values.forEach(value -> assertArrayEquals(NativeOrder.u64(0), value));
      assertEquals(List.of(), object.map("counts").lookupPerCpu(NativeOrder.u32(1)));
    }
  }

  @Test
  void aSocketsStorageIsFoundByItsDescriptorAndDiesWithIt() throws Exception {
    try (BpfObject object = load()) {
      BpfMap storage = object.map("storage");
      AtomicReference<SocketChannel> socket = new AtomicReference<>();
      int fd = KernelLab.socketOpenedBy(() -> socket.set(SocketChannel.open()));
      byte[] key = NativeOrder.u32(fd);
      assertEquals(Optional.empty(), storage.lookup(key));
      storage.put(key, NativeOrder.u64(42));
      assertArrayEquals(NativeOrder.u64(42), storage.lookup(key).orElseThrow());
      assertTrue(storage.delete(key));
      assertFalse(storage.delete(key));
      long cookie = Sockets.cookie(fd);
      assertNotEquals(0, cookie);
      assertEquals(cookie, Sockets.cookie(fd));
      socket.get().close();
      BpfException closed = assertThrows(BpfException.class, () -> storage.lookup(key));
      assertEquals(Optional.of("EBADF"), closed.errno());
      assertThrows(BpfException.class, () -> Sockets.cookie(fd));
    }
  }

  @Test
  void aSockhashTakesAListenerByItsDescriptor() throws Exception {
    try (BpfObject object = load()) {
      BpfMap listeners = object.map("listeners");
      AtomicReference<ServerSocketChannel> server = new AtomicReference<>();
      int fd =
          KernelLab.socketOpenedBy(() -> {
            ServerSocketChannel channel = ServerSocketChannel.open();
            server.set(channel);
            channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
          });
      byte[] key = NativeOrder.u32(2);
      listeners.put(key, NativeOrder.u64(fd));
      assertArrayEquals(NativeOrder.u64(Sockets.cookie(fd)), listeners.lookup(key).orElseThrow());
      assertEquals(1, listeners.keys().size());
      assertTrue(listeners.delete(key));
      assertFalse(listeners.delete(key));
      listeners.put(key, NativeOrder.u64(fd));
      server.get().close();
      KernelLab.await(
          () -> listeners.lookup(key).isEmpty(), "the closed listener to leave the map");
      assertThrows(BpfException.class, () -> listeners.put(key, NativeOrder.u64(100_000)));
    }
  }

  @Test
  void pinnedMapsSurviveClosingAndAreReused() throws Exception {
    int id;
    try (BpfObject object = load()) {
      object.map("hash").put(NativeOrder.u32(1), NativeOrder.u64(11));
      id = object.map("hash").id();
    }
    try (BpfMap pinned = BpfMap.openPinned(lab.bpffs().resolve("maps/hash"))) {
      assertArrayEquals(NativeOrder.u64(11), pinned.lookup(NativeOrder.u32(1)).orElseThrow());
      assertEquals("hash", pinned.name());
    }
    try (BpfObject again = load()) {
      assertEquals(id, again.map("hash").id());
      assertArrayEquals(
          NativeOrder.u64(11), again.map("hash").lookup(NativeOrder.u32(1)).orElseThrow());
    }
    try (var files = Files.list(lab.bpffs().resolve("maps"))) {
      assertEquals(9, files.count());
    }
  }

  @Test
  void aPinnedMapOfAnotherLayoutIsRefusedAndLeftAlone() {
    try (BpfObject object = load()) {
      object.map("hash").put(NativeOrder.u32(1), NativeOrder.u64(11));
    }
    List<String> said = new ArrayList<>();
    for (String other :
        List.of(
            "ENTRIES=17",
            "MEMBERS=__u32 first",
            "MEMBERS=__u64 first",
            "MEMBERS=__u32 second, first")) {
      byte[] elf = SampleObject.sample(other);
      MapLayoutMismatch mismatch =
          assertThrows(
              MapLayoutMismatch.class,
              () -> BpfObject.load(elf, lab.bpffs().resolve("maps")).close(),
              other);
      said.add(mismatch.hint());
    }
    assertTrue(said.get(0).startsWith("its maximum of entries is 16, expected 17;"), said.get(0));
    assertTrue(said.get(1).startsWith("its value size is 8, expected 4;"), said.get(1));
    assertTrue(said.get(2).startsWith("its value is {first@0 u32, second@4 u32}:8,"), said.get(2));
    assertTrue(said.get(3).contains("expected {second@0 u32, first@4 u32}:8;"), said.get(3));
    try (BpfObject object = load()) {
      assertTrue(object.map("hash").lookup(NativeOrder.u32(1)).isPresent());
    }
  }

  @Test
  void aClosedObjectsMapsAndProgramsRefuse() {
    BpfObject object = load();
    BpfMap map = object.map("hash");
    Program program = object.program("allow4");
    object.close();
    object.close();
    assertThrows(IllegalStateException.class, () -> map.lookup(NativeOrder.u32(1)));
    assertThrows(IllegalStateException.class, () -> program.attachCgroup(lab.cgroup()));
  }

  @Test
  void namesThatAreNotThereAreRefusedWithThoseThatAre() {
    try (BpfObject object = load()) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> object.map("hsah")).getMessage();
      assertTrue(String.valueOf(message).contains("hash"), message);
      assertThrows(IllegalArgumentException.class, () -> object.program("connect4"));
      assertTrue(object.programs().contains("choose"));
      assertTrue(object.maps().contains("ring"));
    }
  }

  @Test
  void openingAPinThatIsNotThereNamesIt() {
    BpfException missing =
        assertThrows(
            BpfException.class, () -> BpfMap.openPinned(lab.bpffs().resolve("none")).close());
    assertEquals(Optional.of("ENOENT"), missing.errno());
    assertEquals(lab.bpffs().resolve("none").toString(), missing.object());
  }

  @Test
  void theVerifiersRefusalIsOneLineAndLeavesNoPin() throws Exception {
    byte[] elf = SampleObject.refused();
    LoadRejected rejected =
        assertThrows(
            LoadRejected.class, () -> BpfObject.load(elf, lab.bpffs().resolve("maps")).close());
    assertEquals("program careless", rejected.object());
    assertEquals(Optional.of("EACCES"), rejected.errno());
    assertEquals(
        "cannot load program careless: EACCES; R0 invalid mem access 'map_value_or_null'"
            + " (a pointer is used without having been checked)",
        rejected.getMessage());
    assertTrue(rejected.verifierLog().lines().count() > 5, rejected.verifierLog());
    try (var files = Files.list(lab.bpffs().resolve("maps"))) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void pinningOutsideABpffsIsRefusedWithThePath(@TempDir Path ordinary) {
    BpfException refused =
        assertThrows(BpfException.class, () -> BpfObject.load(SAMPLE, ordinary).close());
    assertTrue(refused.hint().contains("not on BPF FS"), refused.hint());
    assertTrue(refused.hint().contains(ordinary.toString()), refused.hint());
  }

  @Test
  void bytesThatAreNoObjectAreRefused() {
    for (byte[] junk : List.of(new byte[0], new byte[100], "\177ELF junk".getBytes(UTF_8))) {
      assertThrows(LoadRejected.class, () -> BpfObject.load(junk).close());
    }
    byte[] cut = Arrays.copyOf(SAMPLE, SAMPLE.length / 2);
    assertThrows(LoadRejected.class, () -> BpfObject.load(cut).close());
  }

  @Test
  void theShippedObjectLoadsAndIsReused() {
    try (BpfObject first = BpfObject.load(BpfObject.drawbridge(), lab.bpffs().resolve("own"));
        BpfObject second = BpfObject.load(BpfObject.drawbridge(), lab.bpffs().resolve("own"))) {
      assertEquals(first.map("pairs").id(), second.map("pairs").id());
      assertEquals(Table.SIZE, first.map("tables").valueSize());
      assertEquals(SocketState.SIZE, first.map("sockets").valueSize());
    }
  }
}
