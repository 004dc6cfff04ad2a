package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.Docker;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Services of a swarm of one host, on a bridge and on an overlay. Virtual addresses and the ingress
 * network are not asked: they need IPVS, which a kernel may not have.
 */
@Tag("it")
final class SwarmTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  private static EngineLab lab;

  @BeforeAll
  static void startTheSwarm() {
    lab = EngineLab.start();
    LabImage.importInto(lab);
    LabAgent.start(lab, Distribution.locate());
    Docker docker = lab.docker();
    docker.must("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1");
    docker.must("network", "create", "--config-only", "--subnet", "10.214.77.0/24", "settings");
    docker.must(
        "network",
        "create",
        "-d",
        "bridge",
        "--scope",
        "swarm",
        "--config-from",
        "settings",
        "row");
    docker.must("network", "create", "-d", "overlay", "--subnet", "10.214.78.0/24", "mesh");
  }

  @AfterAll
  static void stopEverything() {
    if (lab != null) {
      lab.docker().run("swarm", "leave", "--force");
      lab.close();
    }
  }

  private static void service(String network, String name, String script, String... labels) {
    List<String> create =
        new ArrayList<>(
            List.of("service", "create", "--detach", "--no-resolve-image", "--name", name));
    create.addAll(List.of("--network", network, "--endpoint-mode", "dnsrr"));
    for (String label : labels) {
      create.addAll(List.of("--container-label", label));
    }
    create.addAll(List.of(LabImage.NAME, "/bin/sh", "-c", "mkdir -p /lab; " + script));
    lab.docker().must(create.toArray(String[]::new));
    running(name, 1);
  }

  /** The running containers of a service, as soon as there are so many. */
  private static List<String> running(String service, int count) {
    List<String> found = new ArrayList<>();
    boolean there =
        Await.within(
            SOON,
            () -> {
              found.clear();
              found.addAll(
                  lab.docker()
                      .must(
                          "ps",
                          "-q",
                          "--filter",
                          "status=running",
                          "--filter",
                          "label=com.docker.swarm.service.name=" + service)
                      .lines()
                      .toList());
              return found.size() == count;
            });
    if (!there) {
      throw new AssertionError(
          found + " of " + service + ": " + lab.docker().run("service", "ps", service).text());
    }
    return found;
  }

  private static void everyTaskGetsWhatTheRulesSay(String network, int databases) {
    for (String db : running("db-" + network, databases)) {
      assertEquals(
          Trio.AS_THE_RULES_SAY,
          Trio.answers(
              lab.docker(),
              Trio.address(lab.docker(), db),
              running("api-" + network, 1).getFirst(),
              running("other-" + network, 1).getFirst()));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"row", "mesh"})
  void tasksAreContainersWithTheLabelsOfContainers(String network) {
    String db = "db-" + network;
    String other = "other-" + network;
    service(network, db, "exec /bin/db", "app=db", Trio.RULE);
    service(network, "api-" + network, "exec sleep 100000", "app=api");
    service(network, other, "exec sleep 100000", "app=other");
    everyTaskGetsWhatTheRulesSay(network, 1);
    lab.docker().must("service", "scale", "--detach", db + "=2");
    everyTaskGetsWhatTheRulesSay(network, 2);
    String before = running(other, 1).getFirst();
    lab.docker().must("service", "update", "--detach", "--no-resolve-image", "--force", other);
    Await.until("it is another task", SOON, () -> !running(other, 1).contains(before));
    lab.docker().must("service", "scale", "--detach", db + "=1");
    everyTaskGetsWhatTheRulesSay(network, 1);
  }
}
