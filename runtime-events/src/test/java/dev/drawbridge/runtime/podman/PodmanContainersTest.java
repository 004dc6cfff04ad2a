package dev.drawbridge.runtime.podman;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.control.ObservedContainer;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PodmanContainersTest {
  private static final String A = "a".repeat(64);
  private static final String POD = "b".repeat(64);
  private static final String IMAGE = "c".repeat(64);
  private static final String RUNS =
      """
      {"state":3,"pid":42,"networkStatus":{"lab":{"interfaces":{"eth0":{"subnets":
       [{"ipnet":"10.89.0.2/24","gateway":"10.89.0.1"},{"ipnet":"fd00::2/64"}]}}}}}\
      """;

  @TempDir private Path root;
  private Db db;
  private Optional<SortedMap<String, String>> ofImage = Optional.of(new TreeMap<>());
  private boolean itsProcess = true;

  @BeforeEach
  void state() throws Exception {
    db = new Db(root);
  }

  private PodmanContainers containers() {
    return new PodmanContainers(root, (_, _) -> ofImage, (_, pid) -> itsProcess && pid == 42);
  }

  private ObservedContainer observed(String members, String spec, String state) throws Exception {
    db.container(
        A,
        "{\"spec\":{" + spec + "},\"id\":\"" + A + "\",\"name\":\"web\"," + members + "\"x\":[1]}",
        state);
    return containers().find(A).orElseThrow();
  }

  @Test
  void aRecordIsAContainer() throws Exception {
    ObservedContainer web =
        observed(
            "\"labels\":{\"app\":\"db\"},\"runtime\":\"drawbridge\",\"rootfsImageName\":\"db:1\",",
            """
            "process":{"capabilities":{"bounding":["CAP_NET_RAW","CAP_CHOWN"]}},
            "linux":{"namespaces":[{"type":"pid"},{"type":"network","path":""}]}\
            """,
            RUNS);
    assertEquals("web", web.name());
    assertEquals(Map.of("app", "db"), web.labels());
    assertEquals("db", web.ownLabels().get("app"));
    assertEquals("[/10.89.0.2, /fd00:0:0:0:0:0:0:2]", web.addresses().toString());
    assertEquals(Set.of("CAP_NET_RAW"), web.capabilities());
    assertEquals(ObservedContainer.OWN_NAMESPACE, web.networkMode());
    assertEquals(List.of("drawbridge", "db:1"), List.of(web.runtimeName(), web.image()));
    assertEquals(42, web.pid());
  }

  @Test
  void whoRunsIsSaidByTheProcessAndNotByTheBook() throws Exception {
    assertTrue(observed("", "", RUNS).running());
    itsProcess = false;
    assertFalse(observed("", "", RUNS).running(), "the book outlives a reboot");
    itsProcess = true;
    for (int state : new int[] {0, 1, 2, 4, 6, 7}) {
      assertFalse(observed("", "", "{\"state\":" + state + ",\"pid\":42}").running());
    }
    for (int state : new int[] {3, 5, 8}) {
      assertTrue(observed("", "", "{\"state\":" + state + ",\"pid\":42}").running());
    }
  }

  @Test
  void whatAnImageBearsIsToldApart() throws Exception {
    String image = "\"rootfsImageID\":\"" + IMAGE + "\",";
    String labels = "\"labels\":{\"app\":\"db\",\"drawbridge.mode\":\"off\"},";
    ofImage = Optional.of(new TreeMap<>(Map.of("drawbridge.mode", "off")));
    ObservedContainer known = observed(image + labels, "", RUNS);
    assertEquals(Map.of("app", "db"), known.ownLabels());
    ofImage = Optional.empty();
    assertFalse(observed(image + labels, "", RUNS).imageKnown());
    assertTrue(observed(labels, "", RUNS).imageKnown(), "no image, no labels of one");
  }

  @Test
  void annotationsMayBeTheImagesAndNeverTakeALabelsPlace() throws Exception {
    ObservedContainer web =
        observed(
            "\"labels\":{\"app\":\"db\"},",
            """
            "annotations":{"app":"other","drawbridge.policy.x":"anyone may connect 80",
             "io.podman.annotations.init":"FALSE","drawbridge.mode":"off"}\
            """,
            RUNS);
    assertEquals("db", web.labels().get("app"));
    assertEquals("anyone may connect 80", web.labels().get("drawbridge.policy.x"));
    assertEquals(Map.of("app", "db"), web.ownLabels());
    assertFalse(web.labels().containsKey("io.podman.annotations.init"));
  }

  @Test
  void aPodsLabelsStandBetweenTheImagesAndTheContainersOwn() throws Exception {
    String members =
        "\"pod\":\""
            + POD
            + "\",\"netNsCtr\":\"f\",\"rootfsImageID\":\""
            + IMAGE
            + "\",\"labels\":{\"own\":\"1\",\"image\":\"1\"},";
    ofImage = Optional.of(new TreeMap<>(Map.of("image", "1")));
    assertThrows(IOException.class, () -> observed(members, "", RUNS), "no such pod");
    db.pod(POD, "{\"name\":\"shop\",\"labels\":{\"own\":\"2\",\"image\":\"2\",\"pod\":\"2\"}}");
    ObservedContainer web = observed(members, "", RUNS);
    assertEquals(Map.of("own", "1", "image", "2", "pod", "2"), web.ownLabels());
    assertEquals("container:f", web.networkMode());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"labels\":{\"app\":1},",
        "\"labels\":[],",
        "\"labels\":{\"app\":null},",
        "\"name\":{},",
        "\"labels\":{\"app\":\"x\"",
      })
  void whatCannotBeReadIsNotTakenForNothing(String members) {
    assertThrows(IOException.class, () -> observed(members, "", RUNS));
  }

  @Test
  void tooManyLabelsStayTooMany() throws Exception {
    StringBuilder labels = new StringBuilder("\"labels\":{");
    for (int i = 0; i < 40; i++) {
      labels.append("\"k").append(i).append("\":\"").append("v".repeat(10_000)).append("\",");
    }
    labels.append("\"last\":\"\"},");
    long size = PodmanRecord.size(observed(labels.toString(), "", RUNS).labels());
    assertTrue(size > PodmanRecord.LARGEST_LABELS && size < 2L * PodmanRecord.LARGEST_LABELS);
    String huge = "\"labels\":{\"a\":\"" + "v".repeat(PodmanState.LARGEST_RECORD) + "\"},";
    assertThrows(IOException.class, () -> observed(huge, "", RUNS));
  }

  @Test
  void anotherIdInItsPlaceIsNoAnswer() throws Exception {
    db.container(A, "{\"id\":\"" + POD + "\"}", RUNS);
    assertThrows(IOException.class, () -> containers().find(A));
    assertEquals(Optional.empty(), containers().find("../" + A));
  }

  /** Podman holds its lock for milliseconds; and a reader must never keep it from writing. */
  @Test
  void whoWritesIsWaitedFor() throws Exception {
    db.container(A, "{\"id\":\"" + A + "\"}", RUNS);
    try (Connection writer = db.open();
        Statement statement = writer.createStatement()) {
      statement.executeUpdate("begin exclusive");
      CountDownLatch asks = new CountDownLatch(1);
      AtomicBoolean done = new AtomicBoolean();
      Thread commits =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  asks.await();
                  Thread.sleep(100);
                  done.set(true);
                  statement.executeUpdate("commit");
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              });
      PodmanContainers containers = containers();
      asks.countDown();
      assertTrue(containers.find(A).isPresent());
      assertTrue(done.get(), "it has waited");
      commits.join();
    }
  }

  @Test
  void aMarkIsAnotherWhenTheStateIs() throws Exception {
    db.container(A, "{\"id\":\"" + A + "\"}", "{\"state\":2}");
    Map<String, Long> before = containers().marks();
    assertEquals(before, containers().marks());
    db.container(A, "{\"id\":\"" + A + "\"}", RUNS);
    assertFalse(before.equals(containers().marks()));
    assertEquals(Set.of(A), before.keySet());
  }
}
