package dev.drawbridge.daemon.container;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.control.ObservedContainer;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdmittedContainersTest {

  @TempDir private Path directory;
  private AdmittedContainers admitted;

  @BeforeEach
  void open() throws Exception {
    admitted = new AdmittedContainers(directory);
  }

  private static ObservedContainer container(String id) {
    return new ObservedContainer(
        id,
        "name of " + id,
        new TreeMap<>(Map.of("app", "db", "drawbridge.policy.x", "app=\"ü\" may GET /\n")),
        new TreeMap<>(Map.of("vendor", "x")),
        false,
        "image:1",
        true,
        7,
        List.of(InetAddress.ofLiteral("10.0.0.7"), InetAddress.ofLiteral("fd00::7")),
        "/usr/bin/runc",
        ObservedContainer.OWN_NAMESPACE,
        Set.of("CAP_NET_ADMIN"));
  }

  @Test
  void anotherAgentReadsWhatOneHasNoted() throws Exception {
    admitted.note(container("web"));
    assertEquals(Optional.of(container("web")), new AdmittedContainers(directory).of("web"));
    admitted.at("web", List.of(InetAddress.ofLiteral("10.0.0.8")));
    assertEquals(
        List.of(InetAddress.ofLiteral("10.0.0.8")), admitted.of("web").orElseThrow().addresses());
    admitted.forget("web");
    assertEquals(Optional.empty(), admitted.of("web"));
  }

  @Test
  void theNextAgentKnowsTheLabelsThatItsEngineToldLast() throws Exception {
    admitted.note(container("web"));
    ObservedContainer now =
        new ObservedContainer(
            "web",
            "another name",
            new TreeMap<>(Map.of("app", "api")),
            new TreeMap<>(),
            true,
            "image:2",
            true,
            8,
            List.of(),
            "",
            "host",
            Set.of());
    admitted.labelled(now);
    ObservedContainer read = admitted.of("web").orElseThrow();
    assertEquals(now.labels(), read.labels());
    assertEquals(now.imageLabels(), read.imageLabels());
    assertEquals(true, read.imageKnown());
    assertEquals(container("web").addresses(), read.addresses());
    assertEquals(container("web").capabilities(), read.capabilities());
    assertEquals(7, read.pid());
    admitted.labelled(container("never noted"));
    assertEquals(Optional.empty(), admitted.of("never noted"));
  }

  @Test
  void onlyThoseThatArePinnedAreKept() throws Exception {
    admitted.note(container("a"));
    admitted.note(container("b"));
    Files.writeString(directory.resolve(".half"), "{");
    admitted.retain(Set.of("b"));
    assertEquals(Optional.empty(), admitted.of("a"));
    assertEquals(Optional.of(container("b")), admitted.of("b"));
    try (var files = Files.list(directory)) {
      assertEquals(1, files.count());
    }
  }

  @Test
  void anIdIsNoPath() throws Exception {
    admitted.note(container("../outside"));
    assertEquals(Optional.empty(), admitted.of("../outside"));
    try (var files = Files.list(directory)) {
      assertEquals(0, files.count());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{}",
        "{\"name\":1}",
        "{\"name\":\"a\",\"labels\":{},\"imageLabels\":{},\"imageKnown\":true,\"image\":\"\","
            + "\"pid\":1,\"addresses\":[\"not.one\"],\"runtime\":\"\",\"networkMode\":\"\","
            + "\"capabilities\":[]}"
      })
  void whatCannotBeReadIsNotKnown(String text) throws Exception {
    Files.writeString(directory.resolve("web"), text);
    assertEquals(Optional.empty(), admitted.of("web"));
  }
}
