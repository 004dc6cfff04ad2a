package dev.drawbridge.daemon.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.hook.OciSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who keeps CAP_NET_RAW when the hook edits a bundle. */
class NetRawTest {
  private static final Map<String, String> ASKS = Map.of("drawbridge.capabilities", "net-raw");

  @TempDir Path bundle;

  private Set<String> left(
      String capabilities, Map<String, String> labels, Map<String, String> imageLabels)
      throws Exception {
    Files.writeString(
        bundle.resolve("config.json"),
        "{\"process\":{\"capabilities\":{\"bounding\":[" + capabilities + "]}}}");
    ObservedContainer container =
        new ObservedContainer(
            "id",
            "name",
            new TreeMap<>(labels),
            new TreeMap<>(imageLabels),
            "image",
            true,
            1,
            List.of(),
            "drawbridge",
            "bridge");
    return OciSpec.read(bundle)
        .then(spec -> HookAdmission.withoutNetRaw(spec, container))
        .toOptional()
        .orElseThrow()
        .capabilities();
  }

  @Test
  void takenFromWhoDoesNotAsk() throws Exception {
    assertEquals(Set.of("CAP_CHOWN"), left("\"CAP_CHOWN\",\"CAP_NET_RAW\"", Map.of(), Map.of()));
    assertEquals(
        Set.of("CAP_NET_ADMIN"), left("\"CAP_NET_ADMIN\",\"CAP_NET_RAW\"", Map.of(), Map.of()));
  }

  @Test
  void keptByLabel() throws Exception {
    assertEquals(Set.of("CAP_NET_RAW"), left("\"CAP_NET_RAW\"", ASKS, Map.of()));
  }

  @Test
  void notKeptByALabelOfTheImage() throws Exception {
    assertEquals(Set.of(), left("\"CAP_NET_RAW\"", ASKS, ASKS));
  }

  @Test
  void privilegedContainersAreLeftAsTheyAre() throws Exception {
    assertEquals(
        Set.of("CAP_NET_RAW", "CAP_SYS_ADMIN"),
        left("\"CAP_NET_RAW\",\"CAP_SYS_ADMIN\"", Map.of(), Map.of()));
  }
}
