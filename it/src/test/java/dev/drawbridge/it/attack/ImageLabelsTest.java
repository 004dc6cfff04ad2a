package dev.drawbridge.it.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Shell;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What no image decides (mode, capabilities, exemption) is decided by labels that are known not to
 * be the image's: those of an image that the engine's store has, whichever store it is, and none
 * once the store has lost it.
 */
@Tag("it")
final class ImageLabelsTest {
  private static final String MARK = "mark-of-the-lost-image";

  private static Ground ground;

  @BeforeAll
  static void startEverything() {
    ground = Ground.open();
    JsonArray exempt = new JsonArray();
    exempt.add("role=infra");
    ground.configure("exempt", exempt);
    ground.idle("target", Ground.labels("app=target").toArray(String[]::new));
  }

  @AfterAll
  static void stopEverything() {
    if (ground != null) {
      ground.close();
    }
  }

  /** Three containers that ask for what an image may not ask for. */
  private static void create(String which, String image) {
    create(which + "-raw", image, "drawbridge.capabilities=net-raw");
    create(which + "-off", image, "drawbridge.mode=off");
    create(which + "-infra", image, "role=infra");
  }

  private static void create(String name, String image, String label) {
    List<String> create = new ArrayList<>(List.of("create", "--name", name, "--network", "ground"));
    create.addAll(ground.common(name));
    create.addAll(
        Ground.labels("app=own", "drawbridge.policy.o=may connect 9 on app=nobody", label));
    create.addAll(List.of(image, "/bin/sleep", "100000"));
    ground.docker().must(create.toArray(String[]::new));
  }

  /** What the three got: the capability, the mode, the exemption. */
  private static List<Boolean> granted(String which) {
    for (String name : List.of("-raw", "-off", "-infra")) {
      ground.docker().must("start", which + name);
    }
    String status = ground.docker().must("exec", which + "-raw", "cat", "/proc/self/status");
    String bits =
        status
            .lines()
            .filter(line -> line.startsWith("CapEff:"))
            .findFirst()
            .orElseThrow()
            .substring(7)
            .strip();
    return List.of(
        (Long.parseUnsignedLong(bits, 16) >>> 13 & 1) == 1,
        ground.reach(which + "-off", "target", "tcp").equals("arrived"),
        ground.reach(which + "-infra", "target", "tcp").equals("arrived"));
  }

  @Test
  void labelsOfWhoeverStartsAContainerCountWhereItsImageIsKnown() {
    create("known", LabImage.NAME);
    assertEquals(List.of(true, true, true), granted("known"));
  }

  @Test
  void noneCountsForWhatAnImageMayNotDecideWhereItIsNot() {
    // Nor may the agent have asked the engine while it was there.
    ground.agent().stop();
    ground.docker().must("create", "--name", "made", LabImage.NAME, "/bin/true");
    ground.docker().must("commit", "--change", "LABEL is=" + MARK, "made", "lost");
    ground.docker().must("rm", "made");
    create("unknown", "lost");
    Path data = ground.lab().dataRoot();
    String lost =
        Shell.must(
            "sh",
            "-c",
            "grep -rlF \"$0\" \"$1\"/image/*/imagedb/content/sha256"
                + " \"$1\"/../containerd/io.containerd.content.v1.content/blobs/sha256 2>/dev/null"
                + " | while read -r file; do mv \"$file\" \"$file.lost\"; echo \"$file\"; done",
            MARK,
            data.toString());
    assertTrue(!lost.isEmpty(), "the image's configuration is in no store");
    ground.agent().start();
    assertEquals(List.of(false, false, false), granted("unknown"));
  }
}
