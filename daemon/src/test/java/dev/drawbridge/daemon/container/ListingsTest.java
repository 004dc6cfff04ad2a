package dev.drawbridge.daemon.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.control.EngineKind;
import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.config.EngineTraces;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ListingsTest {

  @TempDir private Path directory;
  private final Set<EngineKind> traces = EnumSet.noneOf(EngineKind.class);
  private final Listings listings = new Listings(Set.of(EngineKind.values()), traces::contains);

  @Test
  void anEngineThatWasNeverThereHoldsUpNobody() {
    assertTrue(listings.complete(), "neither is there");
    listings.answers(EngineKind.CONTAINERD);
    assertFalse(listings.complete());
    listings.listed(EngineKind.CONTAINERD);
    assertTrue(listings.complete());
    listings.answers(EngineKind.DOCKER);
    assertFalse(listings.complete(), "it has come after all");
    listings.listed(EngineKind.DOCKER);
    assertTrue(listings.complete());
  }

  @Test
  void anEngineThatMayHaveContainersIsWaitedFor() {
    traces.add(EngineKind.DOCKER);
    listings.listed(EngineKind.CONTAINERD);
    assertFalse(listings.complete());
    listings.listed(EngineKind.DOCKER);
    assertTrue(listings.complete());
  }

  private Config config(String dataRoot) throws Exception {
    return Config.load(
        Files.writeString(
            directory.resolve("agent.json"),
            """
            {"runDir":"%1$s/run","stateDir":"%1$s/state","dockerSocket":"%1$s/docker.sock",
             "containerdSocket":"%1$s/containerd.sock","podmanRoot":"%1$s/podman","dataRoot":"%2$s"}\
            """
                .formatted(directory, dataRoot)));
  }

  private Path make(String file) throws Exception {
    Path path = directory.resolve(file);
    Files.createDirectories(path.resolveSibling("."));
    return Files.createFile(path);
  }

  @Test
  void aSocketOrAContainersFilesAreATrace() throws Exception {
    Config config = config(directory + "/data");
    for (EngineKind engine : EngineKind.values()) {
      assertFalse(EngineTraces.of(config, engine), engine.display());
    }
    assertTrue(EngineTraces.of(config(""), EngineKind.DOCKER), "it may be anywhere");
    for (String file :
        new String[] {
          "docker.sock",
          "data/containers/a1/config.v2.json",
          "data/100000.100000/containers/a1/config.v2.json"
        }) {
      Path trace = make(file);
      assertTrue(EngineTraces.of(config, EngineKind.DOCKER), file);
      assertFalse(EngineTraces.of(config, EngineKind.CONTAINERD), file);
      Files.delete(trace);
      if (file.startsWith("data")) {
        Files.delete(trace.getParent());
      }
      assertFalse(EngineTraces.of(config, EngineKind.DOCKER), file);
    }
    for (String file :
        new String[] {
          "containerd.sock",
          "podman/db.sql",
          "podman/libpod/bolt_state.db",
          "run/admitted/web",
          "state/exempt/web"
        }) {
      Path trace = make(file);
      assertEquals(
          !file.startsWith("podman"), EngineTraces.of(config, EngineKind.CONTAINERD), file);
      assertEquals(!file.endsWith(".sock"), EngineTraces.of(config, EngineKind.PODMAN), file);
      assertFalse(EngineTraces.of(config, EngineKind.DOCKER), file);
      Files.delete(trace);
    }
    assertEquals(Set.of(EngineKind.values()), config.engines());
  }
}
