package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Shell;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The agent comes to two containers that share a network namespace and talk over its loopback,
 * which the rules of one deny: what began before them ends when they decide, and with it nothing of
 * a container's own.
 */
@Tag("it")
final class SharedAdoptionTest {
  private static final Duration SOON = Duration.ofSeconds(30);

  /**
   * Lines into a connection to the server, and what comes back of them; a file when it has ended.
   */
  private static final String TALK =
      "(while echo x; do sleep 0.2; done) | nc 127.0.0.1 7000 > /tmp/said; echo > /tmp/ended";

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
    Await.until("both talk", SOON, () -> said("guest") > 3 && said("server") > 3);
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
            name.equals("server")
                ? "drawbridge.policy.in=app=friend may connect 7000"
                : "tier=front",
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

  @Test
  void whatTheirRulesDenyEndsWithTheSecondInWhichTheySettle() {
    agent.start();
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
