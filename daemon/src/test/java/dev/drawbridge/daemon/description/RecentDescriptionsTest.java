package dev.drawbridge.daemon.description;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RecentDescriptionsTest {
  @TempDir Path bundle;
  private Path spec;
  private Path labels;
  private final RecentDescriptions recent = new RecentDescriptions();

  @BeforeEach
  void begin() throws IOException {
    spec = Files.writeString(bundle.resolve("config.json"), "{}");
    labels = Files.writeString(bundle.resolve("config.v2.json"), "{\"Labels\":1}");
  }

  private Described described(String id, String label) {
    return new Described(
        id,
        "name",
        "image",
        new TreeMap<>(Map.of("app", label)),
        Optional.empty(),
        "",
        "bridge",
        List.of(labels),
        Set.of("CAP_CHOWN"));
  }

  @Test
  void onceAndForItsBundleAlone() {
    Described container = described("a", "api");
    recent.keep(bundle, container, true);
    assertEquals(Optional.empty(), recent.take("b", bundle));
    assertEquals(
        Optional.of(new RecentDescriptions.Recent(container, true)), recent.take("a", bundle));
    assertEquals(Optional.empty(), recent.take("a", bundle));

    recent.keep(bundle, container, true);
    assertEquals(Optional.empty(), recent.take("a", bundle.resolve("other")));
  }

  @Test
  void notWhenAFileWasWrittenSince() throws IOException {
    recent.keep(bundle, described("a", "api"), true);
    // Of the same size, at the same time.
    var time = Files.getLastModifiedTime(labels);
    Files.writeString(labels, "{\"Labels\":2}");
    Files.setLastModifiedTime(labels, time);
    assertEquals(Optional.empty(), recent.take("a", bundle));
  }

  @Test
  void notWhenTheSpecWasReplacedOrIsGone() throws IOException {
    recent.keep(bundle, described("a", "api"), true);
    Path other = Files.writeString(bundle.resolve("other.json"), "{}");
    Files.move(other, spec, StandardCopyOption.ATOMIC_MOVE);
    assertEquals(Optional.empty(), recent.take("a", bundle));

    recent.keep(bundle, described("a", "api"), true);
    Files.delete(spec);
    assertEquals(Optional.empty(), recent.take("a", bundle));
  }

  @Test
  void fewAndSmallOnesAreKept() {
    recent.keep(bundle, described("large", "x".repeat(17 << 10)), true);
    assertEquals(Optional.empty(), recent.take("large", bundle));
    for (int i = 0; i < 9; i++) {
      recent.keep(bundle, described("c" + i, "api"), true);
    }
    assertEquals(Optional.empty(), recent.take("c0", bundle));
    assertEquals(
        Optional.of(new RecentDescriptions.Recent(described("c1", "api"), true)),
        recent.take("c1", bundle));
  }
}
