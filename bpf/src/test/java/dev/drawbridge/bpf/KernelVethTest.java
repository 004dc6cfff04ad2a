package dev.drawbridge.bpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.bpf.linux.NetworkNamespace;
import dev.drawbridge.bpf.linux.Veths;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Two namespaces stand for a host and a container; a third one is another container. */
@Tag("kernel")
class KernelVethTest {
  private final KernelLab lab = new KernelLab();

  @AfterEach
  void leavesNothingBehind() {
    lab.close();
  }

  private static void link(Process host, String name, Process container) {
    String _ =
        SampleObject.run(
            List.of(
                "nsenter",
                "-t",
                Long.toString(host.pid()),
                "-n",
                "ip",
                "link",
                "add",
                name,
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                Long.toString(container.pid())));
  }

  private static NetworkNamespace of(Process process) {
    return NetworkNamespace.ofPid(Math.toIntExact(process.pid()));
  }

  @Test
  void theHostsEndOfAContainersVethIsFoundAndAProgramAttachedToIt() throws Exception {
    Process hostProcess = lab.startInNamespace();
    Process first = lab.startInNamespace();
    Process second = lab.startInNamespace();
    link(hostProcess, "first0", first);
    link(hostProcess, "second0", second);
    try (NetworkNamespace host = of(hostProcess);
        NetworkNamespace container = of(second);
        BpfObject object = BpfObject.load(BpfObject.drawbridge())) {
      List<Veths.Leading> veths = host.call(() -> Veths.leadingTo(container));
      assertEquals(List.of("second0"), veths.stream().map(veth -> veth.here().name()).toList());
      assertNotEquals(0, veths.getFirst().inside().mac());
      int index = veths.getFirst().here().index();
      Program program = object.program("from_container");
      try (Link link = host.call(() -> program.attachInterface(index, Program.Way.INTO))) {
        assertEquals(index, link.target());
        link.update(program);
        link.pin(lab.bpffs().resolve("veth"));
      }
      try (Link pinned = Link.openPinned(lab.bpffs().resolve("veth"))) {
        assertEquals(program.id(), pinned.programId());
        assertEquals(index, pinned.target());
        String _ =
            SampleObject.run(
                List.of(
                    "nsenter",
                    "-t",
                    Long.toString(hostProcess.pid()),
                    "-n",
                    "ip",
                    "link",
                    "del",
                    "second0"));
        assertEquals(0, pinned.target(), "it went with its interface");
      }
      assertThrows(
          IllegalArgumentException.class,
          () -> object.program("connect4").attachInterface(index, Program.Way.OUT));
    }
  }

  @Test
  void anInterfaceIsDownUntilWhoeverMakesItHasFinished() throws Exception {
    Process hostProcess = lab.startInNamespace();
    Process inside = lab.startInNamespace();
    link(hostProcess, "half0", inside);
    try (NetworkNamespace host = of(hostProcess);
        NetworkNamespace container = of(inside)) {
      Veths.End made = host.call(() -> Veths.leadingTo(container)).getFirst().inside();
      assertFalse(made.up());
      String _ =
          SampleObject.run(
              List.of(
                  "nsenter",
                  "-t",
                  Long.toString(inside.pid()),
                  "-n",
                  "ip",
                  "link",
                  "set",
                  made.name(),
                  "up"));
      assertTrue(host.call(() -> Veths.leadingTo(container)).getFirst().inside().up());
    }
  }

  @Test
  void aNamespaceWithoutAVethLeadsNowhere() throws Exception {
    try (NetworkNamespace host = of(lab.startInNamespace());
        NetworkNamespace container = of(lab.startInNamespace())) {
      assertEquals(List.of(), host.call(() -> Veths.leadingTo(container)));
    }
  }
}
