package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Podman;
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

/** A real Podman of root with the shim as its runtime, and past it. */
@Tag("it")
final class PodmanTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String SLEEP = "exec sleep 100000";
  private static final String DB = "mkdir -p /lab; exec /bin/db";
  private static final String DB_AT = "10.213.9.50";

  private static EngineLab lab;
  private static LabAgent agent;
  private static Podman podman;

  @BeforeAll
  static void startEngineAndAgent() throws IOException {
    lab = Podman.lab();
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
    podman = Podman.in(lab);
    agent.restartWith(config -> {
      config.addProperty("podmanRoot", podman.root().toString());
      config.getAsJsonArray("exempt").add("role=exempt");
    });
    started(podman.start("db", DB, "--ip", DB_AT, "-l", "app=db", "-l", Trio.RULE));
    started(podman.start("api", SLEEP, "-l", "app=api"));
    started(podman.start("other", SLEEP, "-l", "app=other"));
  }

  @AfterAll
  static void stopEngineAndAgent() {
    if (podman != null) {
      podman.close();
    }
    if (lab != null) {
      lab.close();
    }
  }

  private static void started(Output output) {
    assertTrue(output.ok(), () -> output.text() + "\n" + said());
  }

  private static String said() {
    return agent.api("/v1/endpoints") + "\n" + agent.api("/v1/problems") + "\n" + agent.log();
  }

  private static Optional<JsonObject> endpoint(String name) {
    for (JsonElement element : agent.api("/v1/endpoints").getAsJsonArray()) {
      if (element.getAsJsonObject().get("name").getAsString().equals(name)) {
        return Optional.of(element.getAsJsonObject());
      }
    }
    return Optional.empty();
  }

  private static String attachment(String name) {
    return endpoint(name).map(e -> e.get("attachment").getAsString()).orElse("");
  }

  private static String engine(String name) {
    return endpoint(name).map(e -> e.get("engine").getAsString()).orElse("");
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

  private static List<String> answers(String api, String stranger, String host) {
    return List.of(
        podman.status(api, host + "/users"),
        podman.status(api, host + "/admin"),
        podman.status(stranger, host + "/users"));
  }

  private static boolean holdsNetRaw(String container) {
    return inBounding(podman.exec(container, "grep", "CapBnd", "/proc/self/status").out());
  }

  private static boolean inBounding(String line) {
    long bounding = Long.parseUnsignedLong(line.substring(line.indexOf(':') + 1).strip(), 16);
    return (bounding >>> 13 & 1) == 1;
  }

  @Test
  void labelsAreIdentityAndPolicy() {
    assertEquals(Trio.AS_THE_RULES_SAY, answers("api", "other", DB_AT), PodmanTest::said);
    assertTrue(Await.within(SOON, () -> engine("db").equals("podman")), PodmanTest::said);
    JsonObject db = endpoint("db").orElseThrow();
    assertEquals("db", db.getAsJsonObject("labels").get("app").getAsString());
    assertEquals("[\"" + DB_AT + "\"]", db.get("addresses").toString());
  }

  @Test
  void whoIsDeniedInTheKernelHasNoWayAround() {
    Output refused =
        podman.exec("other", "curl", "-sS", "-m", "3", "--interface", "lo", DB_AT + "/users");
    assertNotEquals(0, refused.status(), refused.text());
    started(podman.start("capable", SLEEP, "--cap-add", "NET_RAW"));
    assertFalse(holdsNetRaw("capable"), "NET_RAW is taken by the shim");
    podman.remove("capable");
  }

  @Test
  void brokenLabelIsRefusedWithItsSentence() {
    Output refused = podman.start("broken", SLEEP, "-l", "drawbridge.policy.x=app=api may");
    assertFalse(refused.ok());
    assertTrue(refused.text().contains("container broken has a broken label"), refused.text());
    podman.remove("broken");
  }

  @Test
  void anImageDecidesNeitherModeNorCapabilities() {
    podman.image(
        podman.rootFilesystem(),
        "wishes",
        "drawbridge.capabilities=net-raw",
        "drawbridge.mode=off");
    started(podman.start("wishing", SLEEP, "--cap-add", "NET_RAW", "localhost/wishes"));
    assertFalse(holdsNetRaw("wishing"));
    assertTrue(Await.within(SOON, () -> has("wishing", "DB0209")), PodmanTest::said);
    started(
        podman.start(
            "asking", SLEEP, "--cap-add", "NET_RAW", "-l", "drawbridge.capabilities=net-raw"));
    assertTrue(holdsNetRaw("asking"), "whoever starts it may decide that");
    podman.remove("wishing", "asking");
  }

  @Test
  void whatInstallWritesIsReadByPodmanAndUninstallWaitsForItsContainers() throws IOException {
    Path host = lab.directory().resolve("host");
    Files.createDirectories(host.resolve("var/lib/containers/storage"));
    Path runc = Files.createDirectories(host.resolve("usr/bin")).resolve("runc");
    Files.createSymbolicLink(runc, Path.of(Shell.must("sh", "-c", "command -v runc")));
    started(client("install", "--podman", "--default", "--root", host.toString(), "--no-docker"));
    Path conf = host.resolve("etc/containers/containers.conf.d/90-drawbridge.conf");
    Path shim = host.resolve("usr/libexec/drawbridge/podman/drawbridge-runc");
    Output info =
        podman.onHost(
            List.of(
                "env",
                "CONTAINERS_CONF=" + conf,
                "podman",
                "info",
                "--format",
                "{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}"));
    assertEquals("drawbridge " + shim, info.out().strip(), info::text);
    Output removed = client("uninstall", "--root", host.toString(), "--no-docker");
    started(removed);
    assertTrue(removed.text().matches("(?s).*could not start without it.* db.*"), removed.text());
    assertFalse(Files.readString(conf).contains("runtime = "), "no longer the default");
    assertTrue(
        Files.readString(shim.resolveSibling("shim.conf")).contains("passthrough=true"),
        "it guards nothing, and starts what names it");
  }

  private static Output client(String... arguments) {
    List<String> command = new ArrayList<>();
    command.addAll(
        List.of(
            "env",
            "DRAWBRIDGE_JAVA_HOME=" + System.getProperty("java.home"),
            Distribution.locate().client().toString()));
    command.addAll(List.of(arguments));
    return podman.onHost(command);
  }

  @Test
  void whoStartsPastTheHookIsFound() {
    started(podman.startWith("runc", "late", SLEEP, "-l", "app=api"));
    assertTrue(Await.within(SOON, () -> attachment("late").equals("listener")), PodmanTest::said);
    assertTrue(has("late", "DB0501"), PodmanTest::said);
    assertEquals("200", podman.status("late", DB_AT + "/users"));
    assertEquals("403", podman.status("late", DB_AT + "/admin"));
    podman.must("stop", "-t", "0", "late");
    assertTrue(Await.within(SOON, () -> attachment("late").isEmpty()), PodmanTest::said);
    podman.remove("late");
    assertTrue(Await.within(SOON, () -> endpoint("late").isEmpty()), PodmanTest::said);
  }

  @Test
  void aContainerOfAPodHasThePodsLabelsToo() {
    podman.must(
        "pod",
        "create",
        "--name",
        "shop",
        "--network",
        Podman.NETWORK,
        "--cgroup-parent",
        "/" + lab.id(),
        "-l",
        "app=api");
    started(podman.startAnywhere("inside", SLEEP, "--pod", "shop"));
    assertEquals("hook", attachment("inside"), PodmanTest::said);
    assertEquals("200", podman.status("inside", DB_AT + "/users"), PodmanTest::said);
    assertEquals("403", podman.status("inside", DB_AT + "/admin"));
    assertTrue(has("inside", "DB0510"), PodmanTest::said);
    podman.must("pod", "rm", "-f", "-t", "0", "shop");
    assertTrue(Await.within(SOON, () -> endpoint("inside").isEmpty()), PodmanTest::said);
  }

  @Test
  void anotherAddressIsTheSameContainer() {
    for (String address : List.of("10.213.9.60", "10.213.9.61")) {
      started(podman.start("moving", DB, "--ip", address, "-l", "app=db2", "-l", Trio.RULE));
      assertEquals(Trio.AS_THE_RULES_SAY, answers("api", "other", address), () -> address + said());
      podman.remove("moving");
      assertTrue(Await.within(SOON, () -> endpoint("moving").isEmpty()), PodmanTest::said);
    }
  }

  @Test
  void aRestartedContainerIsGuardedFromItsFirstProcessOn() {
    started(podman.start("again", DB, "-l", "app=db3", "-l", Trio.RULE));
    podman.must("restart", "-t", "0", "again");
    assertEquals("hook", attachment("again"), PodmanTest::said);
    String address = podman.address("again");
    assertEquals(Trio.AS_THE_RULES_SAY, answers("api", "other", address), PodmanTest::said);
    podman.remove("again");
  }

  @Test
  void aNetworkThatIsConnectedLaterIsItsAddressToo() {
    podman.must("network", "create", "--disable-dns", "--subnet", "10.213.10.0/24", "second");
    started(podman.start("wide", DB, "-l", "app=db4", "-l", Trio.RULE));
    podman.must("network", "connect", "--ip", "10.213.10.9", "second", "wide");
    assertTrue(
        Await.within(
            SOON,
            () ->
                endpoint("wide").orElseThrow().get("addresses").toString().contains("10.213.10.9")),
        PodmanTest::said);
    started(podman.startAnywhere("near", SLEEP, "--network", "second", "-l", "app=api"));
    started(podman.startAnywhere("strange", SLEEP, "--network", "second"));
    assertEquals(
        Trio.AS_THE_RULES_SAY, answers("near", "strange", "10.213.10.9"), PodmanTest::said);
    podman.remove("near", "strange");
    podman.remove("wide");
    podman.must("network", "rm", "second");
  }

  /** The steps of a build are not containers of Podman's state; nobody labels them. */
  @Test
  void aBuildStepIsGuardedAsOneWithoutLabels() throws IOException {
    Path context = Files.createDirectories(lab.directory().resolve("build"));
    Files.writeString(
        context.resolve("Containerfile"),
        """
        FROM localhost/drawbridge-lab
        RUN grep CapBnd /proc/self/status; curl -sS -m 3 http://%s/users || echo refused
        """
            .formatted(DB_AT));
    Output built =
        podman.run("build", "--network", Podman.NETWORK, "-t", "built", context.toString());
    started(built);
    assertTrue(built.text().contains("refused"), built.text());
    String line =
        built.text().lines().filter(l -> l.startsWith("CapBnd:")).findFirst().orElseThrow();
    assertFalse(inBounding(line), line);
  }

  @Test
  void anExemptOneIsLeftAloneAndWhoIsUnknownIsRefused() {
    started(podman.start("free", SLEEP, "-l", "role=exempt"));
    assertTrue(endpoint("free").isEmpty(), PodmanTest::said);
    podman.remove("free");
    podman.image(podman.rootFilesystem(), "exempting", "role=exempt");
    started(podman.start("posing", SLEEP, "localhost/exempting"));
    assertEquals("hook", attachment("posing"), "no image exempts its containers");
    podman.remove("posing");
  }

  /** The shim before crun; what it cannot do on a host with both kinds of cgroups is taken away. */
  @Test
  void whatHoldsWithRuncHoldsWithCrun() throws IOException {
    agent.registerBefore("guarded-crun", Crun.wrapped(lab.directory().resolve("crun"), ""));
    String runtime = lab.directory().resolve("agent/guarded-crun/drawbridge-runc").toString();
    started(
        podman.startWith(
            runtime, "thin", DB, "--ip", "10.213.9.70", "-l", "app=db5", "-l", Trio.RULE));
    started(podman.startWith(runtime, "thinapi", SLEEP, "-l", "app=api"));
    assertEquals("hook", attachment("thin"), PodmanTest::said);
    assertEquals(
        Trio.AS_THE_RULES_SAY, answers("thinapi", "other", "10.213.9.70"), PodmanTest::said);
    Output refused =
        podman.startWith(runtime, "thinbroken", SLEEP, "-l", "drawbridge.policy.x=app=api may");
    assertFalse(refused.ok());
    assertTrue(refused.text().contains("container thinbroken has a broken label"), refused.text());
    podman.remove("thin", "thinapi", "thinbroken");
  }

  @Test
  void withoutAnAgentNothingStartsAndTheNextOneKnowsWhoRuns() {
    agent.kill();
    try {
      Output refused = podman.start("orphan", SLEEP);
      assertFalse(refused.ok());
      assertTrue(refused.text().contains("the agent is not answering"), refused.text());
      assertEquals("000", podman.status("other", DB_AT + "/users"));
      podman.remove("orphan");
    } finally {
      agent.start();
    }
    assertEquals(Trio.AS_THE_RULES_SAY, answers("api", "other", DB_AT), PodmanTest::said);
    assertEquals("adopted", attachment("db"));
    assertTrue(Await.within(SOON, () -> engine("db").equals("podman")), PodmanTest::said);
  }

  /** Containers of its own, by Podman's program as the lab's host has it; nothing stays. */
  @Test
  void selftestFindsAllAsItShouldBe() {
    Output done =
        podman.onHost(
            List.of(
                "env",
                "DRAWBRIDGE_JAVA_HOME=" + System.getProperty("java.home"),
                agent.distribution().client().toString(),
                "selftest",
                "--engine",
                "podman",
                "--socket",
                agent.apiSocket().toString()));
    assertEquals(0, done.status(), done.text());
    assertTrue(done.out().contains("9 of 9 as expected, 1 not asked"), done.text());
    for (String what : List.of("ps -a", "network ls", "image ls")) {
      String all = podman.must(what.split(" "));
      assertFalse(all.contains("drawbridge-selftest"), all);
    }
  }
}
