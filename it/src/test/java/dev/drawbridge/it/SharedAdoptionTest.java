package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.Shell;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The agent comes to two containers that share a network namespace and talk over its loopback,
 * which the rules of one deny: what began before them ends when they decide, and with it nothing of
 * a container's own. And to one that opens what its rules deny.
 */
@Tag("it")
final class SharedAdoptionTest {
  private static final Duration SOON = Duration.ofSeconds(30);

  /**
   * Lines into a connection to the server, and what comes back of them; a file when it has ended.
   */
  private static final String TALK =
      "(while echo x; do sleep 0.2; done) | nc 127.0.0.1 7000 > /tmp/said; echo > /tmp/ended";

  /** Behind the cable, where nobody listens. */
  private static final String NOBODY = LabNetwork.WORLD_ADDRESS;

  /** Of the second, without what it takes until something is opened. */
  private static final int LEAST_SETTLING_MILLIS = 700;

  private static EngineLab lab;
  private static LabAgent agent;

  @BeforeAll
  static void startContainersAndNoAgent() {
    lab = EngineLab.start();
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
    agent.stop();
    Shell.must("umount", "--lazy", lab.directory().resolve("agent/bpf").toString());
    agent.register("runc");
    run("server", "bridge", "nc -ll -p 7000 -e /bin/cat");
    run("guest", "container:server", TALK + "; sleep 1000");
    lab.docker().must("exec", "-d", "server", "/bin/sh", "-c", TALK);
    run("older", "bridge", "while :; do nc -w 1 " + NOBODY + " 5300 </dev/null; sleep 0.05; done");
    Await.until("both talk", SOON, () -> said("guest") > 3 && said("server") > 3);
    agent.start();
  }

  @AfterAll
  static void stopEngineAndAgent() {
    if (lab != null) {
      lab.close();
    }
  }

  private static void run(String name, String network, String command) {
    lab.docker()
        .must(
            "run",
            "-d",
            "--network",
            network,
            "--name",
            name,
            "--label",
            "app=" + name,
            "--label",
            switch (name) {
              case "server" -> "drawbridge.policy.in=app=friend may connect 7000";
              case "older" -> "drawbridge.policy.out=may connect 1 on world";
              default -> "tier=front";
            },
            LabImage.NAME,
            "/bin/sh",
            "-c",
            command);
  }

  private static int said(String container) {
    return lab.docker().run("exec", container, "cat", "/tmp/said").out().length();
  }

  private static boolean ended(String container) {
    return lab.docker().run("exec", container, "cat", "/tmp/ended").ok();
  }

  private static List<Instant> records(String verdict) {
    List<Instant> all = new ArrayList<>();
    for (JsonElement flow :
        agent.api("/v1/flows?last=500&from=older&port=5300&verdict=" + verdict).getAsJsonArray()) {
      all.add(Instant.parse(flow.getAsJsonObject().get("at").getAsString()));
    }
    Collections.sort(all);
    return all;
  }

  /** It opens all the time what its rules deny. */
  @Test
  void whatRulesDenyPassesForMostOfTheSecondInWhichTheySettle() {
    assertTrue(
        Await.within(SOON, () -> !records("denied").isEmpty()),
        () -> agent.api("/v1/flows?last=50") + "\n" + agent.api("/v1/endpoints") + agent.log());
    List<Instant> passed = records("allowed");
    assertFalse(passed.isEmpty(), () -> agent.log());
    Duration settled = Duration.between(passed.getFirst(), records("denied").getFirst());
    assertTrue(settled.toMillis() >= LEAST_SETTLING_MILLIS, settled::toString);
    assertTrue(passed.getLast().isBefore(records("denied").getLast()));
  }

  @Test
  void whatTheirRulesDenyEndsWithTheSecondInWhichTheySettle() {
    Await.until("the guest's connection ends", SOON, () -> ended("guest"));
    int before = said("server");
    Await.until("the server's own goes on", SOON, () -> said("server") > before + 3);
    assertFalse(ended("server"));
    String again =
        lab.docker()
            .run("exec", "guest", "nc", "-w", "2", "127.0.0.1", "7000", "-e", "/bin/true")
            .text();
    assertTrue(again.contains("not permitted") || again.contains("timed out"), again);
  }
}
