package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Ctr;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A real containerd without Docker's help: by {@code ctr}, hooked and unhooked. */
@Tag("it")
final class ContainerdTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String SLEEP = "exec sleep 100000";
  private static final String DB = "mkdir -p /lab; exec /bin/db";
  private static final String DEFAULT = "default";

  /** Docker's containers, which are no less Docker's where nobody knows its namespace by name. */
  private static final String DOCKERS = "dockers";

  private static EngineLab lab;
  private static LabAgent agent;
  private static Ctr ctr;

  @BeforeAll
  static void startEngineAndAgent() throws IOException {
    JsonObject docker = new JsonObject();
    docker.addProperty("containerd-namespace", DOCKERS);
    lab = EngineLab.start(docker);
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
    ctr = new Ctr(lab);
    agent.restartWith(config -> {
      config.addProperty("containerdSocket", ctr.socket().toString());
      config.getAsJsonArray("exempt").add("role=exempt");
    });
    network("db", 50);
    network("api", 51);
    network("other", 52);
    started(ctr.run(DEFAULT, "db", "db", DB, "--label", "app=db", "--label", Trio.RULE));
    started(ctr.run(DEFAULT, "api", "api", SLEEP, "--label", "app=api"));
    started(ctr.run(DEFAULT, "other", "other", SLEEP));
  }

  @AfterAll
  static void stopEngineAndAgent() {
    if (ctr != null) {
      ctr.close();
    }
    if (lab != null) {
      lab.close();
    }
  }

  private static void network(String name, int last) {
    ctr.network(name, "10.213.7." + last);
  }

  private static void started(Output output) {
    assertTrue(output.ok(), () -> output.text() + "\n" + said());
  }

  private static String said() {
    return agent.api("/v1/endpoints") + "\n" + agent.api("/v1/problems") + "\n" + agent.log();
  }

  private static List<JsonObject> endpoints(String name) {
    List<JsonObject> found = new ArrayList<>();
    for (JsonElement element : agent.api("/v1/endpoints").getAsJsonArray()) {
      if (element.getAsJsonObject().get("name").getAsString().equals(name)) {
        found.add(element.getAsJsonObject());
      }
    }
    return found;
  }

  private static Optional<JsonObject> endpoint(String name) {
    return endpoints(name).stream().findFirst();
  }

  private static String attachment(String name) {
    return endpoint(name).map(e -> e.get("attachment").getAsString()).orElse("");
  }

  private static boolean has(String container, String code) {
    for (JsonElement element : agent.api("/v1/problems").getAsJsonArray()) {
      JsonObject problem = element.getAsJsonObject();
      if (problem.get("code").getAsString().equals(code)
          && problem.get("container").getAsString().equals(container)) {
        return true;
      }
    }
    return false;
  }

  private static List<String> answers(String api, String stranger) {
    return List.of(
        ctr.status(DEFAULT, api, "10.213.7.50/users"),
        ctr.status(DEFAULT, api, "10.213.7.50/admin"),
        ctr.status(DEFAULT, stranger, "10.213.7.50/users"));
  }

  @Test
  void labelsOfCtrAreIdentityAndPolicy() {
    assertEquals(Trio.AS_THE_RULES_SAY, answers("api", "other"), ContainerdTest::said);
    JsonObject db = endpoint("db").orElseThrow();
    assertEquals("db", db.getAsJsonObject("labels").get("app").getAsString());
    assertEquals("[\"10.213.7.50\"]", db.get("addresses").toString());
    // The others may have been taken over by a second agent since.
    started(ctr.run(DEFAULT, "fresh", "", SLEEP));
    assertEquals("hook", attachment("fresh"), "no label is needed where containerd is asked");
    ctr.remove(DEFAULT, "fresh");
  }

  @Test
  void whoIsDeniedInTheKernelHasNoWayAround() {
    Output refused =
        ctr.exec(
            DEFAULT, "other", "curl", "-sS", "-m", "3", "--interface", "lo", "10.213.7.50/users");
    assertNotEquals(0, refused.status(), refused.text());
    Output raw = ctr.exec(DEFAULT, "other", "grep", "CapBnd", "/proc/self/status");
    long bounding =
        Long.parseUnsignedLong(raw.out().substring(raw.out().indexOf(':') + 1).strip(), 16);
    assertEquals(0, bounding >>> 13 & 1, "NET_RAW is taken by the shim: " + raw.text());
  }

  @Test
  void brokenLabelIsRefusedWithItsSentence() {
    Output refused =
        ctr.run(DEFAULT, "broken", "", SLEEP, "--label", "drawbridge.policy.x=app=api may GETT /x");
    assertFalse(refused.ok());
    assertTrue(refused.text().contains("container broken has a broken label"), refused.text());
  }

  /** As Debian's package has it. */
  private static final String DEBIANS =
      """
      version = 2

      [plugins]
        [plugins."io.containerd.grpc.v1.cri"]
          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = "/usr/lib/cni" # where they are
            conf_dir = "/etc/cni/net.d"
      """;

  @Test
  void whatInstallWritesIsReadByContainerdAndUninstallGivesItBack() throws IOException {
    Path host = lab.directory().resolve("host");
    Path toml = host.resolve("etc/containerd/config.toml");
    Files.createDirectories(toml.getParent());
    Files.writeString(toml, DEBIANS);
    String[] install = {
      "install", "--root", host.toString(), "--containerd", "--default", "--no-docker"
    };
    Output installed = agent.client(install);
    assertTrue(installed.ok(), installed.text());
    assertTrue(installed.text().contains("containerd config dump accepts it"), installed.text());
    String dump = Shell.must("containerd", "--config", toml.toString(), "config", "dump");
    assertTrue(dump.matches("(?s).*default_runtime_name = [\"']drawbridge[\"'].*"), dump);
    assertTrue(
        dump.contains(host.resolve("usr/libexec/drawbridge/drawbridge-runc").toString()), dump);
    assertTrue(agent.client(install).text().contains("nothing to do"));
    Output removed = agent.client("uninstall", "--root", host.toString(), "--no-docker");
    assertTrue(removed.ok(), removed.text());
    assertEquals(DEBIANS, Files.readString(toml));
  }

  @Test
  void theSameIdInAnotherNamespaceIsRefusedWhileTheFirstRuns() {
    Output refused = ctr.run("elsewhere", "api", "", SLEEP, "--label", "app=db");
    assertFalse(refused.ok());
    assertTrue(refused.text().contains("runs already"), refused.text());
    assertEquals(
        "api", endpoint("api").orElseThrow().getAsJsonObject("labels").get("app").getAsString());
    Output past = ctr.runUnhooked("elsewhere", "other", "", SLEEP, "--label", "app=api");
    assertTrue(past.ok(), past.text());
    assertTrue(
        Await.within(SOON, () -> agent.log().contains("has the id of")),
        () -> "nothing is said of it: " + said());
    assertEquals("000", ctr.status(DEFAULT, "other", "10.213.7.50/users"));
  }

  @Test
  void noExemptionComesByTheIdOfOneThatIsGuarded() {
    Output refused = ctr.run("elsewhere", "db", "", SLEEP, "--label", "role=exempt");
    assertFalse(refused.ok());
    assertTrue(refused.text().contains("runs already"), refused.text());
    assertFalse(Files.exists(lab.directory().resolve("agent/state/exempt/db")));
    started(ctr.run("elsewhere", "trusted", "", SLEEP, "--label", "role=exempt"));
    assertTrue(Files.exists(lab.directory().resolve("agent/state/exempt/trusted")));
    ctr.remove("elsewhere", "trusted");
  }

  @Test
  void whoSaysThatHeIsDockersIsRefused() {
    Output refused =
        ctr.run(
            DEFAULT,
            "posing",
            "",
            SLEEP,
            "--label",
            "com.docker/engine.bundle.path=/run/x",
            "--label",
            "drawbridge.mode=enforce");
    assertFalse(refused.ok());
    assertTrue(refused.text().contains("says that it is Docker's"), refused.text());
  }

  /**
   * Nobody filters what {@code ctr} starts: its processes may make themselves namespaces; and one
   * whose loopback is down keeps nobody from guarding them.
   */
  @Test
  void anAddressThatAProcessGaveItselfIsNotIts() {
    started(
        ctr.runUnhooked(
            DEFAULT,
            "forger",
            "",
            "exec unshare -U -r -n /bin/sh -c"
                + " 'ip addr add 10.213.7.51/24 dev lo; sleep 3; ip link set lo up; exec sleep 100000'",
            "--label",
            "app=forger"));
    assertTrue(Await.within(SOON, () -> attachment("forger").equals("listener")), said());
    Path trie = Path.of("/proc", ctr.pid(DEFAULT, "forger"), "net/fib_trie");
    assertTrue(
        Await.within(SOON, () -> Shell.run("cat", trie.toString()).out().contains("10.213.7.51")),
        () -> Shell.run("cat", trie.toString()).text());
    lookAgain(DEFAULT, "forger");
    assertEquals(
        "[]", endpoint("forger").orElseThrow().get("addresses").toString(), ContainerdTest::said);
    ctr.remove(DEFAULT, "forger");
  }

  /** The agent has looked at a container after this, because it has looked at what came later. */
  private static void lookAgain(String namespace, String id) {
    Output labelled = ctr.label(namespace, id, "looked=again");
    assertTrue(labelled.ok(), labelled.text());
    started(ctr.runUnhooked(DEFAULT, "later-" + id, "", SLEEP));
    assertTrue(Await.within(SOON, () -> attachment("later-" + id).equals("listener")), said());
    ctr.remove(DEFAULT, "later-" + id);
  }

  @Test
  void whoStartsPastTheHookIsFoundInEveryNamespace() {
    network("late", 53);
    started(ctr.runUnhooked("second", "late", "late", SLEEP, "--label", "app=api"));
    assertTrue(Await.within(SOON, () -> attachment("late").equals("listener")), said());
    assertTrue(has("late", "DB0501"), said());
    assertEquals("200", ctr.status("second", "late", "10.213.7.50/users"));
    assertEquals("403", ctr.status("second", "late", "10.213.7.50/admin"));
    ctr.remove("second", "late");
    assertTrue(Await.within(SOON, () -> endpoint("late").isEmpty()), said());
  }

  @Test
  void dockersOwnContainersAreDockersAlone() {
    Trio.run(lab.docker(), "dockers", SLEEP, List.of(), "app=api");
    assertTrue(Await.within(SOON, () -> attachment("dockers").equals("hook")), said());
    String id = lab.docker().must("inspect", "-f", "{{.Id}}", "dockers").strip();
    lookAgain(DOCKERS, id);
    assertEquals(1, endpoints("dockers").size(), ContainerdTest::said);
    assertEquals(0, endpoints(id).size(), ContainerdTest::said);
    assertEquals("docker", endpoint("dockers").orElseThrow().get("engine").getAsString());
    assertEquals("200", Trio.status(lab.docker(), "dockers", "10.213.7.50/users"));
    lab.docker().must("rm", "-f", "dockers");
  }

  @Test
  void anotherAddressIsTheSameContainer() {
    network("moved", 55);
    started(ctr.run(DEFAULT, "moving", "moved", DB, "--label", "app=db2", "--label", Trio.RULE));
    assertEquals("200", ctr.status(DEFAULT, "api", "10.213.7.55/users"));
    ctr.remove(DEFAULT, "moving");
    assertTrue(Await.within(SOON, () -> endpoint("moving").isEmpty()), said());
    network("moved2", 56);
    started(ctr.run(DEFAULT, "moving", "moved2", DB, "--label", "app=db2", "--label", Trio.RULE));
    assertEquals("200", ctr.status(DEFAULT, "api", "10.213.7.56/users"));
    assertEquals("403", ctr.status(DEFAULT, "api", "10.213.7.56/admin"));
    assertEquals("000", ctr.status(DEFAULT, "other", "10.213.7.56/users"));
    ctr.remove(DEFAULT, "moving");
  }

  @Test
  void withoutAnAgentNothingStartsAndTheNextOneKnowsWhoRuns() {
    network("pair", 57);
    started(ctr.run(DEFAULT, "first", "pair", SLEEP));
    started(ctr.run(DEFAULT, "beside", "pair", SLEEP));
    agent.kill();
    try {
      Output refused = ctr.run(DEFAULT, "orphan", "", SLEEP);
      assertFalse(refused.ok());
      assertTrue(refused.text().contains("the agent is not answering"), refused.text());
      assertEquals("000", ctr.status(DEFAULT, "other", "10.213.7.50/users"));
    } finally {
      agent.start();
    }
    assertEquals(Trio.AS_THE_RULES_SAY, answers("api", "other"), ContainerdTest::said);
    assertEquals("adopted", attachment("db"));
    assertEquals(
        "[]",
        endpoint("beside").orElseThrow().get("addresses").toString(),
        "the address is the one's who was there first");
    assertEquals("[\"10.213.7.57\"]", endpoint("first").orElseThrow().get("addresses").toString());
    ctr.remove(DEFAULT, "beside");
    ctr.remove(DEFAULT, "first");
    assertEquals("[\"10.213.7.50\"]", endpoint("db").orElseThrow().get("addresses").toString());
  }
}
