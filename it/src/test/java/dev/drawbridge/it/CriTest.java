package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.drawbridge.it.CriClient.ContainerConfig;
import dev.drawbridge.it.CriClient.Pod;
import dev.drawbridge.it.CriClient.PodConfig;
import dev.drawbridge.it.CriClient.RefusedException;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Ctr;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Pods of a real containerd, run by its CRI as a kubelet would, in namespace {@code k8s.io}; and
 * what {@code ctr} starts beside them.
 */
@Tag("it")
final class CriTest {
  private static final List<String> SLEEP = List.of("/bin/sleep", "100000");
  private static final List<String> DB = List.of("/bin/sh", "-c", "mkdir -p /lab; exec /bin/db");
  private static final String POLICY = "drawbridge.policy.read";
  private static final String RULE = "app=api may GET /users";

  private static CriLab lab;
  private static LabAgent agent;
  private static Ctr ctr;
  private static CriClient cri;

  private static Pod db;
  private static String address;
  private static String api;
  private static String other;

  @BeforeAll
  static void startEverything() {
    lab = CriLab.start();
    agent = lab.agent();
    ctr = lab.ctr();
    cri = lab.cri();
    db = pod("db", Map.of("app", "db"), Map.of(POLICY, RULE));
    started(db, "server", DB, Map.of());
    address = cri.address(db);
    api = started(pod("api", Map.of("app", "api"), Map.of()), "main", SLEEP, Map.of());
    other = started(pod("other", Map.of("app", "other"), Map.of()), "main", SLEEP, Map.of());
  }

  @AfterAll
  static void stopEverything() {
    if (lab != null) {
      lab.close();
    }
  }

  private static Pod pod(String name, Map<String, String> labels, Map<String, String> annotations) {
    return lab.pod(new PodConfig("shop", name, labels, annotations, "", false));
  }

  private static String started(
      Pod pod, String name, List<String> command, Map<String, String> labels) {
    return started(pod, new ContainerConfig(name, 0, CriLab.IMAGE, command, labels, Map.of()));
  }

  private static String started(Pod pod, ContainerConfig config) {
    String id = cri.createContainer(pod, config);
    cri.startContainer(id);
    return id;
  }

  private static String status(String container, String url) {
    Output asked = cri.execSync(container, LabImage.curl(url));
    return asked.out().isEmpty() ? asked.text() : asked.out();
  }

  private static List<String> answers() {
    return List.of(
        status(api, address + "/users"),
        status(api, address + "/admin"),
        status(other, address + "/users"));
  }

  @Test
  void labelsOfPodsDecideBetweenPods() {
    CriClient.Version version = cri.version();
    assertEquals("containerd", version.runtimeName());
    assertEquals("v1", version.apiVersion());
    assertEquals(Trio.AS_THE_RULES_SAY, answers(), lab::said);
    for (String name : List.of("shop/db", "shop/db/server", "shop/api", "shop/api/main")) {
      JsonObject endpoint = lab.named(name).orElseThrow();
      assertEquals("hook", lab.attachment(name), lab::said);
      assertEquals("containerd", endpoint.get("engine").getAsString());
      assertEquals(agent.shim().toString(), endpoint.get("runtime").getAsString());
    }
    assertEquals("db", lab.label("shop/db/server", "app"));
    String table = agent.client("status", "--verbose").text();
    assertTrue(
        table
            .lines()
            .anyMatch(line -> line.contains("shop/db/server") && line.contains("containerd")),
        table);
  }

  @Test
  void aPodIsOneNetworkAndItsAddressIsTheSandboxes() throws IOException {
    String server = lab.endpoints("name", "shop/db/server").getFirst().get("id").getAsString();
    assertEquals(lab.network(db.id()), lab.network(server));
    JsonObject sandbox = lab.named("shop/db").orElseThrow();
    assertEquals(db.id(), sandbox.get("id").getAsString());
    assertEquals("[\"" + address + "\"]", sandbox.get("addresses").toString());
    assertEquals("[]", lab.named("shop/db/server").orElseThrow().get("addresses").toString());
    assertTrue(lab.has("shop/db/server", "DB0510"), lab::said);
  }

  /** What the pod says counts before it; what the pod does not say is the container's to say. */
  @Test
  void labelsOfAContainerCountAfterThoseOfItsPod() {
    Pod pod = pod("two", Map.of("app", "two"), Map.of());
    String front = started(pod, "front", SLEEP, Map.of("app", "api", "tier", "front"));
    String back = started(pod, "back", SLEEP, Map.of("tier", "back"));
    assertEquals("two", lab.label("shop/two/front", "app"));
    assertEquals("000", status(front, address + "/users"));
    Pod rich = pod("rich", Map.of("app", "rich"), Map.of(POLICY, "tier=front may GET /users"));
    started(rich, "server", DB, Map.of());
    assertEquals("200", status(front, cri.address(rich) + "/users"), lab::said);
    assertEquals("403", status(front, cri.address(rich) + "/admin"));
    assertEquals("000", status(back, cri.address(rich) + "/users"));
    lab.remove(pod);
    lab.remove(rich);
  }

  @Test
  void rulesAreInForceBeforeTheFirstInstruction() {
    List<String> knock = List.of("/bin/knock", address, "80");
    assertEquals(1, exitOf("stranger", Map.of("app", "stranger"), knock), "EPERM");
    assertEquals(0, exitOf("friend", Map.of("app", "api"), knock), "connected");
  }

  private static int exitOf(String name, Map<String, String> labels, List<String> command) {
    Pod pod = pod(name, labels, Map.of());
    String first = started(pod, "first", command, Map.of());
    Await.until(
        name + " ends", CriLab.SOON, () -> cri.containerStatus(first).state() == CriClient.EXITED);
    int exit = cri.containerStatus(first).exitCode();
    lab.remove(pod);
    return exit;
  }

  @Test
  void aContainerThatIsMadeAnewInItsPodIsWhoItWas() {
    Pod pod = pod("again", Map.of("app", "api"), Map.of());
    String first = started(pod, "main", SLEEP, Map.of());
    assertEquals("200", status(first, address + "/users"));
    cri.stopContainer(first);
    cri.removeContainer(first);
    assertTrue(
        Await.within(CriLab.SOON, () -> lab.endpoints("id", first).isEmpty()),
        "it is gone: " + lab.said());
    String second =
        started(pod, new ContainerConfig("main", 1, CriLab.IMAGE, SLEEP, Map.of(), Map.of()));
    assertEquals(
        "shop/again/main", lab.endpoints("id", second).getFirst().get("name").getAsString());
    assertEquals("200", status(second, address + "/users"), lab::said);
    assertEquals("403", status(second, address + "/admin"));
    assertEquals(1, cri.listContainers().stream().filter(c -> c.pod().equals(pod.id())).count());
    lab.remove(pod);
    assertTrue(
        Await.within(
            CriLab.SOON,
            () -> lab.named("shop/again").isEmpty() && lab.named("shop/again/main").isEmpty()),
        lab::said);
  }

  @Test
  void withoutAnAgentNoPodRunsAndTheNextOneKnowsThem() {
    agent.kill();
    try {
      RefusedException refused =
          assertThrows(RefusedException.class, () -> pod("orphan", Map.of(), Map.of()));
      assertTrue(refused.reason().contains("the agent is not answering"), refused::reason);
      assertEquals("000", status(other, address + "/users"));
    } finally {
      agent.start();
    }
    assertEquals(Trio.AS_THE_RULES_SAY, answers(), lab::said);
    assertEquals("adopted", lab.attachment("shop/db"));
    assertEquals("adopted", lab.attachment("shop/db/server"));
    assertEquals(
        "[\"" + address + "\"]", lab.named("shop/db").orElseThrow().get("addresses").toString());
  }

  @Test
  void twoNamespacesAreTwoAndNobodyIsThereTwice() {
    Output same = ctr.run("default", api, "", "exec sleep 100000", "--label", "app=db");
    assertFalse(same.ok());
    assertTrue(same.text().contains("runs already"), same.text());
    assertTrue(ctr.run("default", "beside", "", "exec sleep 100000").ok(), lab::said);
    assertEquals("hook", lab.attachment("beside"));
    assertEquals(1, lab.endpoints("id", api).size());
    assertEquals("api", lab.label("shop/api/main", "app"));
    assertEquals(1, lab.endpoints("name", "beside").size());
    ctr.remove("default", "beside");
  }

  @Test
  void aPodPastTheShimIsFoundByTheListener() {
    Pod pod = lab.pod(new PodConfig("shop", "late", Map.of("app", "api"), Map.of(), "runc", false));
    String main = started(pod, "main", SLEEP, Map.of());
    assertTrue(
        Await.within(
            CriLab.SOON,
            () ->
                lab.attachment("shop/late").equals("listener")
                    && lab.attachment("shop/late/main").equals("listener")),
        lab::said);
    assertEquals("200", status(main, address + "/users"));
    assertEquals("403", status(main, address + "/admin"));
    lab.remove(pod);
    assertTrue(Await.within(CriLab.SOON, () -> lab.named("shop/late").isEmpty()), lab::said);
  }

  @Test
  void aPodOfTheHostsNetworkIsJudgedAndSaidToBe() {
    Pod pod = lab.pod(new PodConfig("shop", "node", Map.of("app", "node"), Map.of(), "", true));
    String main = started(pod, "main", SLEEP, Map.of());
    assertEquals("hook", lab.attachment("shop/node/main"));
    assertEquals("[]", lab.named("shop/node").orElseThrow().get("addresses").toString());
    for (String name : List.of("shop/node", "shop/node/main")) {
      assertTrue(lab.has(name, "DB0509"), () -> name + ": " + lab.said());
    }
    assertEquals("000", status(main, address + "/users"), "it is not the host to others");
    lab.remove(pod);
  }

  @Test
  void aPodThatTheHostExemptsIsNotGuarded() {
    Pod pod = pod("infra", Map.of("role", "exempt"), Map.of());
    String main = started(pod, "main", SLEEP, Map.of());
    assertTrue(lab.named("shop/infra/main").isEmpty(), lab::said);
    assertTrue(Files.exists(lab.file("agent/state/exempt/" + main)));
    assertTrue(agent.api("/v1/status").toString().contains("shop/infra/main"), lab::said);
    lab.remove(pod);
    assertTrue(
        Await.within(CriLab.SOON, () -> !agent.api("/v1/status").toString().contains("shop/infra")),
        lab::said);
  }

  /** An attacker who chooses the image, where somebody else's pod runs it. */
  @Test
  void anImageIsNobodyElse() {
    Pod pod = pod("victim", Map.of("app", "victim"), Map.of(POLICY, RULE));
    String lies = started(pod, new ContainerConfig("main", 0, CriLab.LIAR, DB, Map.of(), Map.of()));
    JsonObject endpoint = lab.named("shop/victim/main").orElseThrow();
    assertEquals(lies, endpoint.get("id").getAsString());
    assertEquals("hook", lab.attachment("shop/victim/main"));
    assertEquals("victim", lab.label("shop/victim/main", "app"));
    assertEquals("", lab.label("shop/victim/main", "io.kubernetes.pod.namespace"));
    assertEquals("", lab.label("shop/victim/main", "com.docker.compose.service"));
    JsonObject ofImage = endpoint.getAsJsonObject("imageLabels");
    assertEquals("exempt", ofImage.get("role").getAsString());
    assertFalse(ofImage.has("app"), "this one is the pod's: " + ofImage);
    assertEquals("enforce", endpoint.get("mode").getAsString());
    assertEquals("000", status(lies, address + "/users"));
    assertEquals("200", status(api, cri.address(pod) + "/users"));
    assertEquals("000", status(other, cri.address(pod) + "/users"), "its mode is its pod's");
    assertFalse(hasNetRaw(lies));
    assertFalse(Files.exists(lab.file("agent/state/exempt/" + lies)));
    assertFalse(agent.api("/v1/status").toString().contains("role=exempt"), lab::said);
    RefusedException refused =
        assertThrows(
            RefusedException.class,
            () ->
                started(
                    pod,
                    new ContainerConfig("posing", 0, CriLab.POSING, SLEEP, Map.of(), Map.of())));
    assertTrue(refused.reason().contains("says that it is Docker's"), refused::reason);
    lab.remove(pod);
  }

  /** No setting of containerd hands annotations on here: they are in what the CRI was asked for. */
  @Test
  void whatAPodIsGivenIsItsOwn() {
    Pod pod =
        pod(
            "own",
            Map.of("app", "own"),
            Map.of(POLICY, RULE, "drawbridge.mode", "audit", "drawbridge.capabilities", "net-raw"));
    String server = started(pod, "server", DB, Map.of());
    assertEquals("audit", lab.named("shop/own/server").orElseThrow().get("mode").getAsString());
    assertEquals("200", status(other, cri.address(pod) + "/users"), lab::said);
    assertTrue(hasNetRaw(server));
    lab.remove(pod);
    RefusedException refused =
        assertThrows(
            RefusedException.class,
            () -> pod("broken", Map.of(), Map.of(POLICY, "app=api may GETT /x")));
    assertTrue(refused.reason().contains("broken label"), refused::reason);
  }

  private static boolean hasNetRaw(String container) {
    String said = cri.execSync(container, "grep", "CapBnd", "/proc/self/status").out();
    return (Long.parseUnsignedLong(said.substring(said.indexOf(':') + 1).strip(), 16) >>> 13 & 1)
        == 1;
  }

  /** An attacker who writes annotations, which the CRI's own are told from. */
  @Test
  void annotationsLikeTheCrisAreNotTheCris() {
    Map<String, String> forged =
        Map.of(
            "io.kubernetes.cri.sandbox-id",
                lab.endpoints("name", "shop/api").getFirst().get("id").getAsString(),
            "io.kubernetes.cri.sandbox-name", "api",
            "io.kubernetes.cri.container-type", "sandbox",
            "io.kubernetes.cri.container-name", "main",
            "drawbridge.mode", "off");
    Pod pod = pod("forger", Map.of("app", "forger"), forged);
    String main = started(pod, new ContainerConfig("tool", 0, CriLab.IMAGE, SLEEP, forged, forged));
    assertEquals(main, lab.named("shop/forger/tool").orElseThrow().get("id").getAsString());
    assertEquals(pod.id(), lab.named("shop/forger").orElseThrow().get("id").getAsString());
    assertEquals("forger", lab.label("shop/forger/tool", "app"));
    assertEquals("000", status(main, address + "/users"), lab::said);
    assertEquals(1, lab.endpoints("name", "shop/api/main").size());
    lab.remove(pod);
  }

  /** Where the network is made after the hooks and before the first process. */
  @Test
  void aNetworkThatIsMadeAfterTheHooksIsKnownToo() throws IOException {
    String container = "cni";
    Output ran =
        ctr.run(
            "default",
            container,
            "",
            "mkdir -p /lab; exec /bin/db",
            "--cni",
            "--label",
            "app=cni",
            "--label",
            Trio.RULE);
    assertTrue(ran.ok(), () -> ran.text() + lab.said());
    JsonObject noted =
        JsonParser.parseString(Files.readString(lab.file("agent/admitted/" + container)))
            .getAsJsonObject();
    String where = noted.getAsJsonArray("addresses").get(0).getAsString();
    assertTrue(
        Shell.must("nsenter", "-t", ctr.pid("default", container), "-n", "ip", "addr")
            .contains(where + "/24"),
        where);
    assertEquals(
        Trio.AS_THE_RULES_SAY,
        List.of(
            status(api, where + "/users"),
            status(api, where + "/admin"),
            status(other, where + "/users")));
    ctr.remove("default", container);
  }
}
