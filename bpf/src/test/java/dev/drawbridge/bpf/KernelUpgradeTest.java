package dev.drawbridge.bpf;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.abi.Config;
import dev.drawbridge.bpf.abi.Endpoint;
import dev.drawbridge.bpf.abi.KernelDirection;
import dev.drawbridge.bpf.abi.KernelVerdict;
import dev.drawbridge.bpf.abi.MapLimit;
import dev.drawbridge.bpf.abi.MapSizes;
import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.abi.Pair;
import dev.drawbridge.bpf.abi.Range;
import dev.drawbridge.bpf.abi.Self;
import dev.drawbridge.bpf.abi.Table;
import dev.drawbridge.bpf.failure.MapFull;
import dev.drawbridge.bpf.key.AddressKey;
import dev.drawbridge.bpf.linux.Cgroups;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real programs on a cgroup of the test's own, in a namespace of its own. A closed container
 * may connect to port 7001 of the world and to nothing else; nobody listens, so that a connection
 * that is let go is "refused" and one that is not is "not permitted".
 */
@Tag("kernel")
class KernelUpgradeTest {
  private static final int ME = 300;
  private static final int WORLD = 2;
  private static final List<String> PROGRAMS =
      List.of("connect4", "connect6", "skb_egress", "skb_ingress", "sock_ops");

  @TempDir private static Path temporary;

  private final KernelLab lab = new KernelLab();
  private final Pins pins = Pins.below(lab.bpffs());
  private final List<BpfObject> objects = new ArrayList<>();

  @AfterEach
  void leavesNothingBehind() {
    pins.removeAll();
    objects.forEach(BpfObject::close);
    lab.close();
  }

  /** The programs with tables of half as many ranges: another layout of map tables. */
  private static byte[] otherLayout() throws IOException {
    String _ =
        SampleObject.run(
            List.of(
                "make",
                "--silent",
                "--directory=src/main/bpf",
                "OUT=" + temporary,
                "DEFINES=-DDB_MAX_RANGES=16"));
    return Files.readAllBytes(temporary.resolve("drawbridge.bpf.o"));
  }

  private static MapSizes sizes(int tables) {
    return MapSizes.standard()
        .with(MapLimit.TABLES, tables)
        .with(MapLimit.PAIRS, tables)
        .with(MapLimit.ENDPOINTS, tables)
        .with(MapLimit.ADDRESSES, tables);
  }

  private void install(MapSizes sizes) throws Exception {
    Upgrade first = Upgrade.prepare(BpfObject.drawbridge(), sizes, pins);
    objects.add(first.object());
    assertEquals(Map.of(), first.changes());
    first.commit();
    BpfObject object = first.object();
    for (String program : PROGRAMS) {
      try (Link link = object.program(program).attachCgroup(lab.cgroup())) {
        link.pin(pins.link("container", program));
      }
    }
    object
        .map("self")
        .put(NativeOrder.u64(Cgroups.id(lab.cgroup())), new Self(ME, Self.Kind.CONTAINER).encode());
    object
        .map("endpoints")
        .put(NativeOrder.u32(ME), new Endpoint(true, true, false, false, 1, 0, 0).encode());
    object
        .map("addresses")
        .put(
            new AddressKey(128, InetAddress.getByName("10.99.0.9")).encode(),
            NativeOrder.u32(WORLD));
    object.map("tables").put(NativeOrder.u32(1), table().encode());
    object
        .map("pairs")
        .put(new Pair(ME, WORLD, KernelDirection.EGRESS).encode(), NativeOrder.u32(1));
    object.map("config").put(NativeOrder.u32(0), new Config(1, 0).encode());
  }

  /** Its lines are others: what the version before counts there is none of the new one's counts. */
  @Test
  void eachVersionCountsItsOwnRefusals() throws Exception {
    install(sizes(64));
    Upgrade upgrade = Upgrade.prepare(BpfObject.drawbridge(), sizes(64), pins);
    objects.add(upgrade.object());
    upgrade.commit();
    assertEquals(Map.of(), upgrade.changes());
    assertNotEquals(objects.getFirst().map("drops").id(), upgrade.object().map("drops").id());
    assertFalse(Files.exists(pins.maps().resolve("drops")));
  }

  private static Table table() {
    return new Table(List.of(new Range(6, 7001, 7001, KernelVerdict.ALLOW, 1)));
  }

  /** Connects all the time, in turn to what it may and to what it may not, until told to stop. */
  private final class Traffic {
    private final Path report = temporary.resolve("report-" + System.nanoTime());
    private final Path stop = temporary.resolve("stop-" + System.nanoTime());
    private final Process process =
        lab.startInCgroup(
            """
            exec unshare --net bash -c 'ip link set lo up; ip addr add 10.99.0.1/32 dev lo
            while [ ! -e %s ]; do for port in 7001 7002; do
              said=$( { exec 3<>/dev/tcp/10.99.0.1/$port; } 2>&1 )
              case $said in *refused*) w=let;; *permitted*) w=denied;; *) w=other;; esac
              echo $port $w >> %s
            done; done'\
            """
                .formatted(stop, report));

    List<String> lines() {
      try {
        return Files.exists(report) ? Files.readAllLines(report) : List.of();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    void more(int attempts) {
      int before = lines().size();
      KernelLab.await(() -> lines().size() >= before + attempts, "more connections");
    }

    void end() throws IOException {
      Files.write(stop, "stop".getBytes(UTF_8));
      assertEquals(0, KernelLab.exitCode(process));
      List<String> all = lines();
      List<String> wrong =
          all.stream()
              .filter(line -> !line.equals("7001 let") && !line.equals("7002 denied"))
              .toList();
      assertEquals(List.of(), wrong, () -> "of " + all.size());
    }
  }

  @Test
  void changedSizesAreSwappedUnderLoadAndNothingOpensOrCloses() throws Exception {
    install(sizes(64));
    Traffic traffic = new Traffic();
    traffic.more(10);
    for (int size = 65; size <= 84; size++) {
      Upgrade upgrade = Upgrade.prepare(BpfObject.drawbridge(), sizes(size), pins);
      assertEquals(
          Map.of(
              "addresses", Upgrade.Change.RESIZED,
              "endpoints", Upgrade.Change.RESIZED,
              "pairs", Upgrade.Change.RESIZED,
              "tables", Upgrade.Change.RESIZED),
          upgrade.changes());
      assertEquals(List.of(), upgrade.swapLinks());
      upgrade.commit();
      objects.removeFirst().close();
      objects.add(upgrade.object());
      traffic.more(4);
    }
    traffic.end();
    try (BpfMap tables = BpfMap.openPinned(pins.maps().resolve("tables"))) {
      assertEquals(84, tables.maxEntries());
      assertEquals(1, tables.count());
    }
    assertFalse(Files.exists(pins.staging()));
  }

  @Test
  void aChangedLayoutIsRebuiltBesideTheOldOneAndSwapped() throws Exception {
    install(sizes(64));
    Traffic traffic = new Traffic();
    traffic.more(10);
    int before = objects.getFirst().map("tables").id();
    Upgrade upgrade = Upgrade.prepare(otherLayout(), sizes(64), pins);
    assertEquals(Map.of("tables", Upgrade.Change.REBUILT), upgrade.changes());
    traffic.more(10);
    byte[] smaller = new byte[upgrade.object().map("tables").valueSize()];
    ByteBuffer.wrap(table().encode()).get(smaller);
    upgrade.object().map("tables").put(NativeOrder.u32(1), smaller);
    assertEquals(List.of(), upgrade.swapLinks());
    traffic.more(10);
    upgrade.commit();
    objects.add(upgrade.object());
    traffic.more(10);
    traffic.end();
    try (BpfMap tables = BpfMap.openPinned(pins.maps().resolve("tables"))) {
      assertNotEquals(before, tables.id());
    }
  }

  @Test
  void whatIsNotCommittedLeavesTheOldVersionInPlace() throws Exception {
    install(sizes(64));
    Traffic traffic = new Traffic();
    traffic.more(4);
    try (Upgrade upgrade = Upgrade.prepare(otherLayout(), sizes(70), pins)) {
      assertEquals(4, upgrade.changes().size());
    }
    traffic.more(4);
    traffic.end();
    assertFalse(Files.exists(pins.staging()));
    BpfObject again = BpfObject.load(BpfObject.drawbridge(), pins.maps(), sizes(64));
    objects.add(again);
    assertEquals(1, again.map("tables").count());
  }

  @Test
  void aSizeThatDoesNotHoldWhatIsThereIsRefusedByItsName() throws Exception {
    install(sizes(64));
    BpfMap tables = objects.getFirst().map("tables");
    for (int number = 2; number <= 40; number++) {
      tables.put(NativeOrder.u32(number), table().encode());
    }
    MapFull full =
        assertThrows(
            MapFull.class, () -> Upgrade.prepare(BpfObject.drawbridge(), sizes(39), pins).close());
    assertEquals(MapLimit.TABLES, full.limit().orElseThrow());
    assertEquals(39, full.maxEntries());
    assertFalse(Files.exists(pins.staging()));
  }

  @Test
  void mapsThatBothVersionsShareKeepTheirSize() throws Exception {
    install(sizes(64));
    MapSizes more = sizes(64).with(MapLimit.FLOWS, 4096).with(MapLimit.EVENTS, 1 << 21);
    Upgrade upgrade = Upgrade.prepare(BpfObject.drawbridge(), more, pins);
    objects.add(upgrade.object());
    assertEquals(
        Map.of(
            "events",
            Upgrade.Change.KEPT,
            "flows",
            Upgrade.Change.KEPT,
            "flow_places",
            Upgrade.Change.KEPT),
        upgrade.changes());
    assertEquals(MapLimit.FLOWS.standard(), upgrade.object().map("flows").maxEntries());
    assertEquals(objects.getFirst().map("flows").id(), upgrade.object().map("flows").id());
    upgrade.commit();
  }

  @Test
  void everyLimitIsTheMapsOwnDeclarationAndCanBeSet() {
    MapSizes sizes = MapSizes.standard();
    try (BpfObject object = BpfObject.load(BpfObject.drawbridge())) {
      for (MapLimit limit : MapLimit.values()) {
        assertEquals(limit.standard(), object.map(limit.map()).maxEntries(), limit.map());
        sizes = sizes.with(limit, limit == MapLimit.EVENTS ? 1 << 16 : 4096);
      }
    }
    try (BpfObject object = BpfObject.load(BpfObject.drawbridge(), sizes)) {
      for (MapLimit limit : MapLimit.values()) {
        assertEquals(sizes.of(limit), object.map(limit.map()).maxEntries(), limit.map());
      }
    }
  }

  @Test
  void aFullMapSaysWhichLimitWasReached() {
    MapSizes four = MapSizes.standard().with(MapLimit.PAIRS, 4).with(MapLimit.ADDRESSES, 4);
    try (BpfObject object = BpfObject.load(BpfObject.drawbridge(), four)) {
      MapFull pairs =
          assertThrows(
              MapFull.class,
              () -> {
                for (int peer = 0; peer < 8; peer++) {
                  object
                      .map("pairs")
                      .put(new Pair(ME, peer, KernelDirection.EGRESS).encode(), NativeOrder.u32(1));
                }
              });
      assertEquals(MapLimit.PAIRS, pairs.limit().orElseThrow());
      assertEquals(4, object.map("pairs").count());
      MapFull addresses =
          assertThrows(
              MapFull.class,
              () -> {
                for (int last = 0; last < 8; last++) {
                  InetAddress address = InetAddress.getByName("10.0.0." + last);
                  object
                      .map("addresses")
                      .put(new AddressKey(128, address).encode(), NativeOrder.u32(ME));
                }
              });
      assertTrue(String.valueOf(addresses.getMessage()).contains("all its 4 entries are in use"));
    }
  }

  @Test
  void limitsOutsideTheirBoundsAreRefusedByName() {
    for (int wrong : new int[] {-1, 0, 511, (1 << 24) + 1}) {
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class,
              () -> MapSizes.standard().with(MapLimit.FLOWS, wrong));
      assertTrue(String.valueOf(refused.getMessage()).contains("flows"), refused.getMessage());
    }
    assertThrows(
        IllegalArgumentException.class, () -> MapSizes.standard().with(MapLimit.EVENTS, 100_000));
  }
}
