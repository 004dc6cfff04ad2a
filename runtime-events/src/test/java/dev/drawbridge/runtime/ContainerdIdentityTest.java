package dev.drawbridge.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.runtime.ContainerdApi.Entry;
import dev.drawbridge.runtime.ContainerdApi.Task;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContainerdIdentityTest {

  private static Entry entry(String id, Map<String, String> labels, String spec) {
    return new Entry(
        "default",
        id,
        labels,
        "docker.io/library/db:1",
        "io.containerd.runc.v2",
        "/usr/libexec/drawbridge/drawbridge-runc",
        spec.getBytes(StandardCharsets.UTF_8));
  }

  private static ObservedContainer observed(Map<String, String> labels, String spec)
      throws IOException {
    return ContainerdIdentity.observed(
        entry("web", labels, spec), Optional.empty(), Optional.of(new Task(42, true)));
  }

  @Test
  void whatCtrWasGivenIsAnAnnotationTooAndSoTheUsersOwn() throws IOException {
    ObservedContainer container =
        observed(
            Map.of("app", "db", "containerd.io/snapshot", "x"),
            """
            {"annotations":{"app":"db","by":"annotation"},
             "process":{"capabilities":{"bounding":["CAP_NET_RAW","CAP_CHOWN"]}},
             "linux":{"namespaces":[{"type":"network","path":"/run/netns/a"}]}}\
            """);
    assertTrue(container.imageKnown());
    assertEquals("db", container.ownLabels().get("app"));
    assertEquals("annotation", container.ownLabels().get("by"));
    assertEquals(Set.of("CAP_NET_RAW"), container.capabilities());
    assertEquals(ObservedContainer.OWN_NAMESPACE, container.networkMode());
    assertEquals(42, container.pid());
    assertEquals("/usr/libexec/drawbridge/drawbridge-runc", container.runtimeName());
    assertEquals(List.of(), container.addresses());
  }

  @Test
  void aLabelThatIsNoAnnotationMayBeTheImages() throws IOException {
    String spec = "{\"annotations\":{\"app\":\"db\"},\"linux\":{\"namespaces\":[]}}";
    ObservedContainer container =
        observed(Map.of("app", "db", "drawbridge.capabilities", "net-raw"), spec);
    assertFalse(container.imageKnown());
    assertEquals(Map.of(), container.ownLabels());
    assertFalse(observed(Map.of("app", "api"), spec).imageKnown(), "another value");
    assertEquals("db", observed(Map.of("app", "api"), spec).labels().get("app"));
    assertEquals("host", container.networkMode());
  }

  @Test
  void dockersAreKnownInEveryNamespace() {
    assertTrue(
        ContainerdIdentity.isDockers(
            entry("a", Map.of("com.docker/engine.bundle.path", "/run/x"), "{}")));
    assertFalse(ContainerdIdentity.isDockers(entry("a", Map.of("app", "db"), "{}")));
  }

  @Test
  void noLabelGivesAName() throws IOException {
    assertEquals("web", observed(Map.of("nerdctl/name", "trusted", "name", "x"), "{}").name());
    assertEquals(
        "trusted", observed(Map.of(), "{\"annotations\":{\"nerdctl/name\":\"trusted\"}}").name());
  }

  @Test
  void aContainerOfAPodHasThePodsLabelsAndIsCalledAfterBoth() throws IOException {
    String spec =
        """
        {"annotations":{"io.kubernetes.cri.container-type":"container",
          "io.kubernetes.cri.sandbox-id":"pod1","io.kubernetes.cri.sandbox-name":"shop",
          "io.kubernetes.cri.container-name":"main"},
         "linux":{"namespaces":[{"type":"network","path":"/proc/7/ns/net"}]}}\
        """;
    Entry inside = entry("c1", Map.of("tier", "own"), spec);
    assertEquals(Optional.of("pod1"), ContainerdIdentity.sandbox(inside));
    Entry pod = entry("pod1", Map.of("app", "shop", "tier", "pod"), "{}");
    assertEquals(Optional.empty(), ContainerdIdentity.sandbox(pod));
    ObservedContainer container =
        ContainerdIdentity.observed(inside, Optional.of(pod), Optional.empty());
    assertEquals("shop/main", container.name());
    assertEquals("shop", container.labels().get("app"));
    assertEquals("own", container.labels().get("tier"));
    assertEquals("container:pod1", container.networkMode());
    assertFalse(container.imageKnown());
    assertFalse(container.running());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "nonsense",
        "{\"annotations\":{\"app\":1}}",
        "{\"annotations\":{\"app\":null}}",
        "{\"process\":{\"capabilities\":{\"bounding\":[{}]}}}"
      })
  void aSpecThatCannotBeReadIsNoContainerWithoutLabels(String spec) {
    assertThrows(IOException.class, () -> observed(Map.of("app", "db"), spec));
  }

  @Test
  void annotationsThatAreNoObjectAreNotNoAnnotations() {
    assertThrows(IOException.class, () -> observed(Map.of(), "{\"annotations\":[]}"));
  }
}
