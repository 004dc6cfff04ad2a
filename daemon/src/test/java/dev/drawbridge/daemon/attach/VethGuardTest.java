package dev.drawbridge.daemon.attach;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.BpfObject;
import dev.drawbridge.bpf.Link;
import dev.drawbridge.bpf.Pins;
import dev.drawbridge.bpf.VethFilters;
import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.abi.Veth;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.bpf.linux.Veths;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An interface that an engine is making, step by step, while the agent looks. Needs root. */
@Tag("kernel")
final class VethGuardTest {
  private static final int NUMBER = 7;
  private static final int OWNER = 300;
  private static final String HERE = "dbt" + ProcessHandle.current().pid() % 1_000_000;

  /** A classic filter that takes every packet whole (bpf_asm(8): ret #0xffffffff). */
  private static final String ACCEPT = "1,6 0 0 4294967295";

  @TempDir Path directory;
  private Path bpffs;
  private Process container;

  @BeforeEach
  void begin() throws Exception {
    bpffs = Files.createDirectory(directory.resolve("bpf"));
    String _ = run("mount", "-t", "bpf", "none", bpffs.toString());
    container =
        new ProcessBuilder("unshare", "-n", "sh", "-c", "echo ready; exec sleep 100")
            .redirectErrorStream(true)
            .start();
    assertEquals("ready", container.inputReader().readLine());
  }

  @AfterEach
  void end() throws Exception {
    container.destroyForcibly();
    assertTrue(container.waitFor(10, TimeUnit.SECONDS));
    String _ = run("umount", bpffs.toString());
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(30, TimeUnit.SECONDS), () -> List.of(command).toString());
    assertEquals(0, process.exitValue(), () -> List.of(command) + ": " + text);
    return text;
  }

  private void inside(String... command) throws IOException, InterruptedException {
    List<String> whole =
        new ArrayList<>(List.of("nsenter", "-t", Long.toString(container.pid()), "-n", "ip"));
    whole.addAll(List.of(command));
    String _ = run(whole.toArray(String[]::new));
  }

  private static long mac(BpfObject object, int index) {
    return Veth.decode(object.map("veths").lookup(NativeOrder.u32(index)).orElseThrow()).mac();
  }

  @Test
  void anInterfaceIsHeldToTheMacThatItHasWhenItIsFinished() throws Exception {
    Pins pins = Pins.below(bpffs);
    pins.create();
    try (BpfObject object = BpfObject.load(BpfObject.drawbridge());
        NetworkNamespace namespace = NetworkNamespace.ofPid((int) container.pid())) {
      Veths.Leading veth = veth(namespace);
      VethGuard guard = new VethGuard(object, pins);
      assertTrue(guard.guard(NUMBER, OWNER, namespace, Set.of(), false));
      int index = veth.here().index();
      assertTrue(guard.isHalfMade(NUMBER));
      assertNotEquals(veth.inside().mac(), mac(object, index), "nobody's, until it is up");

      inside("link", "set", "eth1", "address", "02:42:0a:d5:4d:02");
      inside("link", "set", "eth1", "up");
      assertTrue(guard.guard(NUMBER, OWNER, namespace, Set.of(), false));
      assertFalse(guard.isHalfMade(NUMBER));
      assertEquals(0x0242_0ad5_4d02L, mac(object, index));

      // Whoever lives there may change it: it is not believed.
      inside("link", "set", "eth1", "address", "02:42:0a:d5:4d:63");
      assertTrue(guard.guard(NUMBER, OWNER, namespace, Set.of(), false));
      assertEquals(0x0242_0ad5_4d02L, mac(object, index));
      // Nor by the next agent, nor while it is down.
      inside("link", "set", "eth1", "down");
      assertTrue(new VethGuard(object, pins).guard(NUMBER, OWNER, namespace, Set.of(), false));
      assertEquals(0x0242_0ad5_4d02L, mac(object, index));
      guard.leave(NUMBER);
    }
  }

  private Veths.Leading veth(NetworkNamespace namespace) throws Exception {
    String pid = Long.toString(container.pid());
    String _ = run("ip", "link", "add", HERE, "type", "veth", "peer", "name", "eth1", "netns", pid);
    return Veths.leadingTo(namespace).getFirst();
  }

  private static String filters() throws IOException, InterruptedException {
    return run("tc", "filter", "show", "dev", HERE, "ingress")
        + run("tc", "filter", "show", "dev", HERE, "egress")
        + run("tc", "qdisc", "show", "dev", HERE, "ingress");
  }

  @Test
  void filtersAreOneADirectionAndGoWithTheGuard() throws Exception {
    Pins pins = Pins.below(bpffs);
    pins.create();
    try (BpfObject object = BpfObject.load(BpfObject.drawbridge());
        NetworkNamespace namespace = NetworkNamespace.ofPid((int) container.pid())) {
      int index = veth(namespace).here().index();
      assertFalse(VethFilters.isAt(index));
      assertTrue(new VethGuard(object, pins).guard(NUMBER, OWNER, namespace, Set.of(), false));
      assertTrue(VethFilters.isAt(index));
      assertEquals(List.of(NUMBER + "-" + index), pins.filters().names());

      VethGuard next = new VethGuard(object, pins);
      assertTrue(next.guard(NUMBER, OWNER, namespace, Set.of(), false));
      assertEquals(2, filters().split("handle 0xdb", -1).length - 1, VethGuardTest::found);
      next.tidy(Set.of(NUMBER));
      assertTrue(VethFilters.isAt(index));

      next.tidy(Set.of());
      assertFalse(VethFilters.isAt(index));
      assertEquals("", filters());
      assertEquals(List.of(), pins.filters().names());
      assertTrue(object.map("veths").lookup(NativeOrder.u32(index)).isEmpty());
    }
  }

  private static String found() {
    try {
      return filters();
    } catch (IOException | InterruptedException e) {
      return e.toString();
    }
  }

  @Test
  void filtersOfOthersStay() throws Exception {
    Pins pins = Pins.below(bpffs);
    pins.create();
    try (BpfObject object = BpfObject.load(BpfObject.drawbridge());
        NetworkNamespace namespace = NetworkNamespace.ofPid((int) container.pid())) {
      int index = veth(namespace).here().index();
      VethGuard guard = new VethGuard(object, pins);
      assertTrue(guard.guard(NUMBER, OWNER, namespace, Set.of(), false));
      String _ = run("tc", "filter", "add", "dev", HERE, "egress", "bpf", "da", "bytecode", ACCEPT);
      guard.leave(NUMBER);
      assertFalse(VethFilters.isAt(index));
      String left = filters();
      assertTrue(left.contains(ACCEPT) && left.contains("clsact"), left);

      // A queueing discipline that was there before is not ours to take off.
      String _ = run("tc", "filter", "del", "dev", HERE, "egress");
      assertTrue(guard.guard(NUMBER, OWNER, namespace, Set.of(), false));
      assertTrue(VethFilters.isAt(index));
      guard.leave(NUMBER);
      String empty = filters();
      assertTrue(empty.contains("clsact") && !empty.contains("filter"), empty);
    }
  }

  @Test
  void whereTheOlderKindOfPlaceIsTakenLinksJudge() throws Exception {
    Pins pins = Pins.below(bpffs);
    pins.create();
    try (BpfObject object = BpfObject.load(BpfObject.drawbridge());
        NetworkNamespace namespace = NetworkNamespace.ofPid((int) container.pid())) {
      int index = veth(namespace).here().index();
      // Filters of both directions would all be of packets that come in.
      String _ = run("tc", "qdisc", "add", "dev", HERE, "ingress");
      assertTrue(new VethGuard(object, pins).guard(NUMBER, OWNER, namespace, Set.of(), false));
      assertFalse(VethFilters.isAt(index));
      assertEquals(List.of(), pins.filters().names());
      try (Link link =
          Link.openPinned(pins.veths().resolve(NUMBER + "-" + index + "/to_container"))) {
        assertEquals(index, link.target());
      }
    }
  }

  @Test
  void withoutPinsAndAgentNothingIsJudged() throws Exception {
    Pins pins = Pins.below(bpffs);
    pins.create();
    InetAddress there = InetAddress.ofLiteral("10.213.77.2");
    try (NetworkNamespace namespace = NetworkNamespace.ofPid((int) container.pid())) {
      Veths.Leading _ = veth(namespace);
      inside("address", "add", "10.213.77.2/30", "dev", "eth1");
      inside("link", "set", "eth1", "up");
      String _ = run("ip", "address", "add", "10.213.77.1/30", "dev", HERE);
      String _ = run("ip", "link", "set", HERE, "up");
      assertTrue(there.isReachable(5000), "before");
      try (BpfObject object = BpfObject.load(BpfObject.drawbridge())) {
        assertTrue(new VethGuard(object, pins).guard(NUMBER, OWNER, namespace, Set.of(), false));
        assertFalse(there.isReachable(500), "nobody vouches for the address");
      }
      assertEquals(2, filters().split("handle 0xdb", -1).length - 1, VethGuardTest::found);
      boolean answers = false;
      for (int attempt = 0; attempt < 20 && !answers; attempt++) {
        answers = there.isReachable(500);
      }
      assertTrue(answers, "the filters have nothing to go on with");
    }
  }

  /** An interface that is up loses what it sends while the place for filters is made. */
  @Test
  void whereSomebodyIsSendingLinksAreAttachedAndStay() throws Exception {
    Pins pins = Pins.below(bpffs);
    pins.create();
    try (BpfObject object = BpfObject.load(BpfObject.drawbridge());
        NetworkNamespace namespace = NetworkNamespace.ofPid((int) container.pid())) {
      int index = veth(namespace).here().index();
      Path pin = pins.veths().resolve(NUMBER + "-" + index + "/to_container");
      assertTrue(new VethGuard(object, pins).guard(NUMBER, OWNER, namespace, Set.of(), true));
      assertEquals("", filters());
      try (Link link = Link.openPinned(pin)) {
        assertEquals(index, link.target());
      }
      VethGuard next = new VethGuard(object, pins);
      assertTrue(next.guard(NUMBER, OWNER, namespace, Set.of(), false));
      assertEquals("", filters());
      next.leave(NUMBER);
      assertFalse(Files.exists(pin));

      assertTrue(next.guard(NUMBER, OWNER, namespace, Set.of(), false));
      assertTrue(new VethGuard(object, pins).guard(NUMBER, OWNER, namespace, Set.of(), true));
      assertTrue(VethFilters.isAt(index), "what is there stays");
      assertFalse(Files.exists(pin));
    }
  }
}
