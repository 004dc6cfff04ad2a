package dev.drawbridge.daemon.attach;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.BpfObject;
import dev.drawbridge.bpf.Pins;
import dev.drawbridge.bpf.abi.NativeOrder;
import dev.drawbridge.bpf.abi.Veth;
import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.bpf.linux.Veths;
import java.io.IOException;
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
  private static final long NAME = ProcessHandle.current().pid() % 1_000_000;

  @TempDir Path directory;
  private Path bpffs;
  private Process container;

  @BeforeEach
  void begin() throws Exception {
    bpffs = Files.createDirectory(directory.resolve("bpf"));
    run("mount", "-t", "bpf", "none", bpffs.toString());
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
    run("umount", bpffs.toString());
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(30, TimeUnit.SECONDS), () -> List.of(command).toString());
    assertEquals(0, process.exitValue(), () -> List.of(command) + ": " + text);
  }

  private void inside(String... command) throws IOException, InterruptedException {
    List<String> whole =
        new ArrayList<>(List.of("nsenter", "-t", Long.toString(container.pid()), "-n", "ip"));
    whole.addAll(List.of(command));
    run(whole.toArray(String[]::new));
  }

  private static long mac(BpfObject object, int index) {
    return Veth.decode(object.map("veths").lookup(NativeOrder.u32(index)).orElseThrow()).mac();
  }

  @Test
  void anInterfaceIsHeldToTheMacThatItHasWhenItIsFinished() throws Exception {
    Pins pins = Pins.below(bpffs);
    pins.create();
    run(
        "ip",
        "link",
        "add",
        "dbt" + NAME,
        "type",
        "veth",
        "peer",
        "name",
        "eth1",
        "netns",
        Long.toString(container.pid()));
    try (BpfObject object = BpfObject.load(BpfObject.drawbridge());
        NetworkNamespace namespace = NetworkNamespace.ofPid((int) container.pid())) {
      VethGuard guard = new VethGuard(object, pins);
      assertTrue(guard.guard(NUMBER, OWNER, namespace, Set.of()));
      Veths.Leading veth = Veths.leadingTo(namespace).getFirst();
      int index = veth.here().index();
      assertTrue(guard.isHalfMade(NUMBER));
      assertNotEquals(veth.inside().mac(), mac(object, index), "nobody's, until it is up");

      inside("link", "set", "eth1", "address", "02:42:0a:d5:4d:02");
      inside("link", "set", "eth1", "up");
      assertTrue(guard.guard(NUMBER, OWNER, namespace, Set.of()));
      assertFalse(guard.isHalfMade(NUMBER));
      assertEquals(0x0242_0ad5_4d02L, mac(object, index));

      // Whoever lives there may change it: it is not believed.
      inside("link", "set", "eth1", "address", "02:42:0a:d5:4d:63");
      assertTrue(guard.guard(NUMBER, OWNER, namespace, Set.of()));
      assertEquals(0x0242_0ad5_4d02L, mac(object, index));
      // Nor by the next agent, nor while it is down.
      inside("link", "set", "eth1", "down");
      assertTrue(new VethGuard(object, pins).guard(NUMBER, OWNER, namespace, Set.of()));
      assertEquals(0x0242_0ad5_4d02L, mac(object, index));
      guard.leave(NUMBER);
    }
  }
}
