package dev.drawbridge.daemon.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.daemon.host.ProcessAddresses;
import java.io.BufferedReader;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OwnNetworkTest {
  private static final String MODE = ObservedContainer.OWN_NAMESPACE;

  private static long inode(String process) throws Exception {
    String link = Files.readSymbolicLink(Path.of("/proc", process, "ns", "net")).toString();
    return Long.parseLong(link.substring("net:[".length(), link.length() - 1));
  }

  @Test
  void whatAProcessMadeItselfIsNotWhereItIs() throws Exception {
    Process process =
        new ProcessBuilder(
                "unshare",
                "--user",
                "--map-root-user",
                "--net",
                "sh",
                "-c",
                "ip address add 10.99.99.1/24 dev lo && ip link set lo up && echo made && exec cat")
            .redirectErrorStream(true)
            .start();
    try (BufferedReader out = process.inputReader()) {
      assertEquals("made", out.readLine());
      int pid = (int) process.pid();
      List<InetAddress> forged = List.of(InetAddress.ofLiteral("10.99.99.1"));
      assertEquals(forged, OwnNetwork.addresses(pid, MODE), "the network namespace has it");
      assertEquals(List.of(), OwnNetwork.addresses(pid, MODE, OptionalLong.empty()));
      assertEquals(List.of(), OwnNetwork.addresses(pid, MODE, OptionalLong.of(inode("self"))));
      assertEquals(
          forged,
          OwnNetwork.addresses(pid, MODE, OptionalLong.of(inode(Integer.toString(pid)))),
          "the one that it was given, in a user namespace that it was given too");
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void whoIsWhereHeWasPutIsThere() throws Exception {
    int own = (int) ProcessHandle.current().pid();
    Set<InetAddress> here = ProcessAddresses.of(own);
    assertEquals(here, new HashSet<>(OwnNetwork.addresses(own, MODE, OptionalLong.empty())));
    assertEquals(
        here, new HashSet<>(OwnNetwork.addresses(own, MODE, OptionalLong.of(inode("self")))));
    assertEquals(List.of(), OwnNetwork.addresses(own, "host", OptionalLong.empty()));
  }
}
