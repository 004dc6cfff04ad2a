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
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContainerdIdentityTest {

  private static Entry entry(String id, Map<String, String> labels, String spec) {
    return entry(id, labels, spec, "");
  }

  /** One of the CRI's, which was asked for with that configuration. */
  private static Entry asked(String id, Map<String, String> labels, String spec, String config) {
    return entry(
        id,
        labels,
        spec,
        "{\"Version\":\"v1\",\"Metadata\":{\"ID\":\"" + id + "\",\"Config\":" + config + "}}");
  }

  private static Entry entry(String id, Map<String, String> labels, String spec, String request) {
    return new Entry(
        "default",
        id,
        labels,
        "docker.io/library/db:1",
        "io.containerd.runc.v2",
        "/usr/libexec/drawbridge/drawbridge-runc",
        spec.getBytes(StandardCharsets.UTF_8),
        request.getBytes(StandardCharsets.UTF_8));
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
          "io.kubernetes.cri.sandbox-namespace":"sales",
          "io.kubernetes.cri.container-name":"main","by":"annotation"},
         "linux":{"namespaces":[{"type":"network","path":"/proc/7/ns/net"}]}}\
        """;
    // Where nothing is known of how it was asked for, what the image bears is the container's.
    Entry inside = entry("c1", Map.of("tier", "image's", "by", "image", "baked", "in"), spec);
    assertEquals(Optional.of("pod1"), ContainerdIdentity.sandbox(inside));
    Entry pod = entry("pod1", Map.of("app", "shop", "tier", "pod"), "{}");
    assertEquals(Optional.empty(), ContainerdIdentity.sandbox(pod));
    ObservedContainer container =
        ContainerdIdentity.observed(inside, Optional.of(pod), Optional.empty());
    assertEquals("sales/shop/main", container.name());
    assertEquals("shop", container.labels().get("app"));
    assertEquals("pod", container.labels().get("tier"));
    assertEquals("annotation", container.labels().get("by"));
    assertEquals("in", container.labels().get("baked"));
    assertEquals("container:pod1", container.networkMode());
    assertFalse(container.imageKnown());
    assertFalse(container.running());
  }

  private static final String IN_POD =
      """
      {"annotations":{"io.kubernetes.cri.container-type":"container",
        "io.kubernetes.cri.sandbox-id":"pod1","io.kubernetes.cri.sandbox-name":"shop",
        "io.kubernetes.cri.sandbox-namespace":"sales",
        "io.kubernetes.cri.container-name":"main"}}\
      """;

  @Test
  void whatTheCriWasAskedForIsToldFromTheImages() throws IOException {
    Entry inside =
        asked(
            "c1",
            Map.of(
                "app",
                "image's",
                "tier",
                "given",
                "baked",
                "in",
                "role",
                "exempt",
                "io.cri-containerd.kind",
                "container"),
            IN_POD,
            """
            {"metadata":{"name":"main"},"envs":[{"key":"A","value":"eA=="}],
             "labels":{"tier":"given"},
             "annotations":{"drawbridge.policy.a":"may GET /a on app=b","other":"x"}}\
            """);
    Entry pod =
        asked(
            "pod1",
            Map.of("app", "shop", "of", "pause", "role", "infra"),
            "{}",
            """
            {"labels":{"app":"shop","role":"infra"},"annotations":{"drawbridge.mode":"audit"},
             "linux":null}\
            """);
    ObservedContainer container =
        ContainerdIdentity.observed(inside, Optional.of(pod), Optional.empty());
    assertTrue(container.imageKnown());
    assertEquals(Map.of("baked", "in"), container.imageLabels());
    assertEquals("shop", container.labels().get("app"));
    assertEquals("infra", container.ownLabels().get("role"));
    assertEquals("given", container.ownLabels().get("tier"));
    assertEquals("audit", container.ownLabels().get("drawbridge.mode"));
    assertEquals("may GET /a on app=b", container.ownLabels().get("drawbridge.policy.a"));
    assertFalse(container.labels().containsKey("other"), "no annotation but ours");
    assertFalse(container.labels().containsKey("of"), "a pod is not the image it is held by");
    ObservedContainer sandbox =
        ContainerdIdentity.observed(pod, Optional.empty(), Optional.empty());
    assertEquals(Map.of("of", "pause"), sandbox.imageLabels());
    // One of the two may have been made by somebody else.
    ObservedContainer half =
        ContainerdIdentity.observed(
            inside, Optional.of(entry("pod1", Map.of(), "{}")), Optional.empty());
    assertFalse(half.imageKnown());
    assertEquals(Map.of(), half.ownLabels());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "{}",
        "nonsense",
        "{\"Version\":\"v2\",\"Metadata\":{\"Config\":{}}}",
        "{\"Version\":1,\"Metadata\":{\"Config\":{}}}",
        "{\"Version\":\"v1\"}",
        "{\"Version\":\"v1\",\"Metadata\":{}}",
        "{\"Version\":\"v1\",\"Metadata\":{\"Config\":null}}",
        "{\"Version\":\"v1\",\"Metadata\":{\"Config\":{\"labels\":[]}}}",
        "{\"Version\":\"v1\",\"Metadata\":{\"Config\":{\"labels\":{\"a\":1}}}}",
        "{\"Version\":\"v1\",\"Metadata\":{\"Config\":{\"annotations\":{\"a\":null}}}}",
        "{\"Version\":\"v1\",\"Metadata\":{\"Config\":{}}",
        "{\"Version\":\"v1\",\"Metadata\":{\"Config\":{}}} {}"
      })
  void aRequestThatCannotBeReadIsNotNoRequest(String request) {
    Entry container = entry("c1", Map.of("app", "db"), "{}", request);
    assertThrows(
        IOException.class,
        () -> ContainerdIdentity.observed(container, Optional.empty(), Optional.empty()));
  }

  @Test
  void aPodWithoutItsNamespaceGivesNoName() throws IOException {
    assertEquals(
        "web",
        observed(
                Map.of(),
                "{\"annotations\":{\"io.kubernetes.cri.sandbox-name\":\"trusted\","
                    + "\"io.kubernetes.cri.container-name\":\"main\"}}")
            .name());
    assertEquals(
        "sales/shop",
        observed(
                Map.of(),
                "{\"annotations\":{\"io.kubernetes.cri.sandbox-name\":\"shop\","
                    + "\"io.kubernetes.cri.sandbox-namespace\":\"sales\"}}")
            .name());
  }

  /** Too many stay too many, whatever else is there, and no more of them are kept. */
  @Test
  void ofTooManyLabelsSoManyAreKeptThatTheyAreTooMany() throws IOException {
    Map<String, String> many = new TreeMap<>();
    Map<String, String> sameKeys = new TreeMap<>();
    for (int i = 0; i < 300; i++) {
      many.put("key" + i, "x".repeat(4_000));
      sameKeys.put("key" + i, "");
    }
    ObservedContainer container =
        ContainerdIdentity.observed(
            entry("c1", many, "{}"), Optional.of(entry("pod1", sameKeys, "{}")), Optional.empty());
    int size =
        container.labels().entrySet().stream()
            .mapToInt(label -> label.getKey().length() + label.getValue().length())
            .sum();
    assertTrue(size > ContainerdIdentity.LARGEST_LABELS, size + " units");
    assertTrue(size < ContainerdIdentity.LARGEST_LABELS + 4_100, size + " units");
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
