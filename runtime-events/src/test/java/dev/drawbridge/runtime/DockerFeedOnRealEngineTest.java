package dev.drawbridge.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.Container;
import dev.drawbridge.control.ObservedContainer;
import dev.drawbridge.control.RuntimeEvent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

@Tag("it")
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DockerFeedOnRealEngineTest {
  private @Nullable PrivateDockerd dockerd;
  private @Nullable DockerClient client;
  private Recorder recorder = new Recorder();
  private @Nullable EngineFeed feed;

  @BeforeAll
  void startEngine(@TempDir(cleanup = CleanupMode.NEVER) Path directory) throws Exception {
    dockerd = new PrivateDockerd(directory);
    client = dockerd.client();
  }

  private PrivateDockerd dockerd() {
    return java.util.Objects.requireNonNull(dockerd);
  }

  private DockerClient client() {
    return java.util.Objects.requireNonNull(client);
  }

  /** Pooled connections do not outlive the daemon. */
  private void reopenClient() throws Exception {
    client().close();
    client = dockerd().client();
  }

  @AfterAll
  void stopEngine() throws Exception {
    if (dockerd != null) {
      dockerd.stop();
      client().close();
    }
  }

  @BeforeEach
  void startFeed() throws Exception {
    recorder = new Recorder();
    feed = EngineFeed.docker(dockerd().socket(), recorder);
    feed.start();
    Deadline.until("listed", 30, () -> recorder.count(RuntimeEvent.Listed.class) > 0);
  }

  @AfterEach
  void stopFeed() {
    java.util.Objects.requireNonNull(feed).close();
    for (Container container : client().listContainersCmd().withShowAll(true).exec()) {
      client().removeContainerCmd(container.getId()).withForce(true).exec();
    }
  }

  private String create(String name, String... command) {
    return client()
        .createContainerCmd(PrivateDockerd.IMAGE)
        .withName(name)
        .withLabels(Map.of("app", name))
        .withCmd(command)
        .exec()
        .getId();
  }

  private String start(String name) {
    String id = create(name, "sleep", "1000");
    client().startContainerCmd(id).exec();
    return id;
  }

  private ObservedContainer seen(String name) {
    return recorder.named(name).orElseThrow();
  }

  private void untilPictureIsTrue() throws Exception {
    Deadline.until(
        "the picture is the engine's own list",
        60,
        () -> {
          Map<String, String> real = new TreeMap<>();
          for (Container container : client().listContainersCmd().withShowAll(true).exec()) {
            real.put(
                container.getId(),
                container.getNames()[0].substring(1)
                    + " "
                    + "running".equals(container.getState()));
          }
          Map<String, String> told = new TreeMap<>();
          recorder
              .picture()
              .forEach(
                  (id, container) -> told.put(id, container.name() + " " + container.running()));
          return real.equals(told);
        });
  }

  @Test
  void lifeOfAContainerIsTold() throws Exception {
    String id = create("web", "sleep", "1000");
    Deadline.until("created", 30, () -> recorder.named("web").isPresent());
    assertFalse(seen("web").running());
    client().startContainerCmd(id).exec();
    Deadline.until(
        "running with an address",
        30,
        () -> seen("web").running() && !seen("web").addresses().isEmpty());
    assertTrue(seen("web").pid() > 1 && Path.of("/proc/" + seen("web").pid()).toFile().exists());
    assertEquals("runc", seen("web").runtimeName());
    assertEquals(Map.of("app", "web"), seen("web").labels());
    assertTrue(
        Set.of("default", "bridge").contains(seen("web").networkMode()), seen("web").networkMode());
    client().renameContainerCmd(id).withName("www").exec();
    Deadline.until("renamed", 30, () -> recorder.named("www").isPresent());
    client().killContainerCmd(id).exec();
    Deadline.until("stopped", 30, () -> !seen("www").running());
    assertEquals(0, seen("www").pid());
    client().removeContainerCmd(id).exec();
    Deadline.until("gone", 30, () -> recorder.picture().isEmpty());
  }

  @Test
  void networksComeAndGoWithTheirAddresses() throws Exception {
    String network = client().createNetworkCmd().withName("extra").exec().getId();
    String id = start("web");
    Deadline.until(
        "one address",
        30,
        () -> recorder.named("web").isPresent() && seen("web").addresses().size() == 1);
    client().connectToNetworkCmd().withContainerId(id).withNetworkId(network).exec();
    Deadline.until("two addresses", 30, () -> seen("web").addresses().size() == 2);
    client().disconnectFromNetworkCmd().withContainerId(id).withNetworkId(network).exec();
    Deadline.until("one address again", 30, () -> seen("web").addresses().size() == 1);
    client().removeNetworkCmd(network).exec();
  }

  @Test
  void labelsOfTheImageAreToldApart() throws Exception {
    String plain = create("plain", "sleep", "1");
    String image =
        client()
            .commitCmd(plain)
            .withRepository("labelled")
            .withLabels(Map.of("baked", "in"))
            .exec();
    String id =
        client()
            .createContainerCmd(image)
            .withName("baked")
            .withLabels(Map.of("app", "baked"))
            .withCmd("sleep", "1")
            .exec()
            .getId();
    Deadline.until("created", 30, () -> recorder.picture().containsKey(id));
    assertTrue(
        seen("baked").labels().keySet().containsAll(Set.of("app", "baked")),
        seen("baked").toString());
    assertEquals("in", seen("baked").imageLabels().get("baked"));
    assertFalse(seen("baked").imageLabels().containsValue("baked"));
  }

  @Test
  void restartOfTheEngineIsSurvivedAndWhatChangedMeanwhileIsKnown() throws Exception {
    String id = start("web");
    Deadline.until(
        "running", 30, () -> recorder.named("web").map(ObservedContainer::running).orElse(false));
    int pid = seen("web").pid();
    dockerd().restart();
    reopenClient();
    Deadline.until("listed again", 60, () -> recorder.count(RuntimeEvent.Listed.class) >= 2);
    assertTrue(recorder.count(RuntimeEvent.Lost.class) >= 1);
    assertEquals(pid, seen("web").pid());
    client().removeContainerCmd(id).withForce(true).exec();
    Deadline.until("gone", 30, () -> recorder.picture().isEmpty());
  }

  @Test
  void crashOfTheEngineIsSurvived() throws Exception {
    start("web");
    dockerd().crash();
    reopenClient();
    start("late");
    Deadline.until(
        "late one seen",
        60,
        () -> recorder.named("late").map(ObservedContainer::running).orElse(false));
    untilPictureIsTrue();
  }

  @Test
  void stormOfContainersEndsInTheTruth() throws Exception {
    Set<String> ids = new TreeSet<>();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      int thread = t;
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < 10; i++) {
                  String name = "c" + thread + "-" + i;
                  String id = create(name, "sleep", i % 3 == 0 ? "0" : "1000");
                  client().startContainerCmd(id).exec();
                  if (i % 3 == 1) {
                    client().removeContainerCmd(id).withForce(true).exec();
                  } else {
                    client().renameContainerCmd(id).withName(name + "-renamed").exec();
                  }
                  synchronized (ids) {
                    ids.add(id);
                  }
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(40, ids.size());
    untilPictureIsTrue();
    assertTrue(
        recorder.picture().values().stream().allMatch(c -> c.name().endsWith("-renamed")),
        recorder.picture().toString());
    assertEquals(1, recorder.count(RuntimeEvent.Listed.class));
  }
}
