package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * 12.B1: a proxy of the engine's socket, as Tecnativa/docker-socket-proxy is one, and the real
 * {@code docker} as its client. What exec and attach speak after their upgrade goes by where a rule
 * names it, and nowhere else.
 */
@Tag("it")
final class SocketProxyTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static EngineLab lab;
  private static LabAgent agent;
  private static String proxy = "";

  @BeforeAll
  static void startAll() {
    lab = EngineLab.start();
    LabImage.importInto(
        lab, Path.of("/usr/bin/docker"), Path.of("target/bin/unixproxy").toAbsolutePath());
    agent = LabAgent.start(lab, Distribution.locate());
    run("target", "", "exec sleep 100000");
    run(
        "proxy",
        "-v " + lab.socket() + ":/engine.sock --user 0",
        "exec unixproxy 2375 /engine.sock",
        "drawbridge.policy.look=anyone may GET,HEAD /**",
        "drawbridge.policy.make=app in (ci attacher) may POST /*/containers/*/exec",
        "drawbridge.policy.start=app=ci may POST /*/exec/*/start with header Upgrade=tcp",
        "drawbridge.policy.plain=app=attacher may POST /*/exec/*/start",
        "drawbridge.policy.attach=app=attacher may POST /*/containers/*/attach with header Upgrade=tcp");
    run("ci", "", "exec sleep 100000", "app=ci");
    run("attacher", "", "exec sleep 100000", "app=attacher");
    proxy = lab.docker().inspect("proxy", "{{.NetworkSettings.IPAddress}}");
    assertTrue(
        Await.within(SOON, () -> docker("ci", "ps").out().contains("target")),
        () -> docker("ci", "ps").text() + lab.docker().run("logs", "proxy").text());
  }

  @AfterAll
  static void stopAll() {
    if (lab != null) {
      lab.close();
    }
  }

  private static void run(String name, String options, String command, String... labels) {
    List<String> line = new ArrayList<>(List.of("run", "-d", "--name", name));
    if (!options.isEmpty()) {
      line.addAll(List.of(options.split(" ")));
    }
    for (String label : labels) {
      line.addAll(List.of("--label", label));
    }
    line.addAll(List.of(LabImage.NAME, "/bin/sh", "-c", command));
    lab.docker().must(line.toArray(String[]::new));
  }

  /** What that container's own docker says, through the proxy. */
  private static Output docker(String who, String arguments) {
    return lab.docker()
        .run(
            "exec",
            who,
            "/bin/sh",
            "-c",
            "HOME=/tmp timeout 20 docker -H tcp://" + proxy + ":2375 " + arguments);
  }

  @Test
  void execIsCarriedWhereARuleNamesItsUpgrade() {
    Output said = docker("ci", "exec target /bin/echo hello");
    assertEquals("hello", said.out().strip(), said::text);
    assertEquals(0, said.status(), said::text);
    Output failed = docker("ci", "exec target /bin/sh -c 'echo no >&2; exit 7'");
    assertEquals(7, failed.status(), failed::text);
  }

  @Test
  void inputAndItsEndGoByAndMuchOfIt() {
    Output said =
        lab.docker()
            .run(
                "exec",
                "ci",
                "/bin/sh",
                "-c",
                "busybox head -c 3000000 /dev/zero | HOME=/tmp timeout 30 docker -H tcp://"
                    + proxy
                    + ":2375 exec -i target /bin/sh -c 'cat; echo done >&2' | busybox wc -c");
    assertTrue(said.text().contains("3000000"), said::text);
    assertTrue(said.text().contains("done"), said::text);
  }

  @Test
  void withoutSuchARuleTheRefusalSaysWhatWouldAllowIt() {
    Output said = docker("attacher", "exec target /bin/echo hello");
    assertTrue(said.status() != 0, said::text);
    assertTrue(said.text().contains("unable to upgrade to tcp, received 501"), said::text);
    Output observed =
        agent.client("observe", "--denied", "--from", "attacher", "--reason", "http-upgrade");
    assertTrue(observed.out().contains("/start 501"), observed::text);
    Output answer =
        lab.docker()
            .run(
                "exec",
                "attacher",
                "/bin/sh",
                "-c",
                "curl -s -X POST -H 'Connection: Upgrade' -H 'Upgrade: tcp' http://"
                    + proxy
                    + ":2375/v1/exec/1/start");
    assertTrue(answer.out().contains("with header Upgrade=NAME"), answer::text);
  }

  @Test
  void whoMayNotAskAtAllIsDenied() {
    Output said = docker("ci", "attach target");
    assertTrue(said.status() != 0, said::text);
    assertTrue(said.text().contains("unable to upgrade to tcp, received 403"), said::text);
  }

  /** `verdict` says of both what the wire did. */
  @Test
  void verdictSaysTheSame() {
    for (String who : List.of("ci", "attacher")) {
      Output verdict =
          agent.client(
              "verdict", who, "proxy", "POST", "/v1.43/exec/1/start", "--header", "Upgrade=tcp");
      assertEquals(who.equals("ci") ? 0 : 1, verdict.status(), verdict::text);
      assertEquals(!who.equals("ci"), verdict.out().contains("http-upgrade"), verdict::text);
    }
  }
}
