package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What programs see of their own connections, under rules as without them. Port 80 of {@code db} is
 * governed by a rule of HTTP, 5432 by none above layer 4: what a program sees there is what it
 * would see without us.
 */
@Tag("it")
final class AsWithoutUsTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String[] RULES = {
    "drawbridge.policy.get=anyone may GET /** port 80",
    "drawbridge.policy.sql=anyone may connect 5432"
  };

  private static EngineLab lab;
  private static LabAgent agent;

  @BeforeAll
  static void startEngineAndAgent() {
    lab = EngineLab.start();
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
    lab.docker()
        .must("network", "create", "--ipv6", "--subnet", "fd00:db:12::/64", "--label", "t", "net");
    run("db", "exec /bin/db", RULES);
    run("web", "sleep 100000");
    for (String port : List.of("80", "5432")) {
      Await.until(
          "db answers at " + port, SOON, () -> status("http://db:" + port + "/").equals("200"));
    }
  }

  @AfterAll
  static void stopEngineAndAgent() {
    if (lab != null) {
      lab.close();
    }
  }

  private static void run(String name, String command, String... labels) {
    List<String> line = new ArrayList<>(List.of("run", "-d", "--network", "net", "--name", name));
    for (String label : labels) {
      line.addAll(List.of("--label", label));
    }
    line.addAll(List.of(LabImage.NAME, "/bin/sh", "-c", "mkdir -p /lab; " + command));
    lab.docker().must(line.toArray(String[]::new));
  }

  private static Output in(String container, String command) {
    return lab.docker().run("exec", container, "/bin/sh", "-c", command);
  }

  private static String curl(String format, String arguments) {
    return in("web", "curl -sS -m 5 -o /dev/null -w '" + format + "' " + arguments).out().strip();
  }

  private static String status(String arguments) {
    return curl("%{http_code}", arguments);
  }

  private static String address(String name, String field) {
    return lab.docker().inspect(name, "{{.NetworkSettings.Networks.net." + field + "}}");
  }

  private static long lastRecord() {
    long last = 0;
    for (JsonElement flow : agent.api("/v1/flows?last=1").getAsJsonArray()) {
      last = flow.getAsJsonObject().get("sequence").getAsLong();
    }
    return last;
  }

  private static List<JsonObject> denied(long after, Predicate<JsonObject> which) {
    List<JsonObject> found = new ArrayList<>();
    for (JsonElement element : agent.api("/v1/flows?last=500&verdict=denied").getAsJsonArray()) {
      JsonObject flow = element.getAsJsonObject();
      if (flow.get("sequence").getAsLong() > after && which.test(flow)) {
        found.add(flow);
      }
    }
    return found;
  }

  private static boolean isReason(JsonObject flow, String reason) {
    return flow.get("reason").getAsString().equals(reason);
  }

  private static boolean isUdp(JsonObject flow) {
    return flow.get("protocol").getAsString().equals("udp");
  }

  // A1

  @Test
  void aServerThatIsBoundToIpv4AloneIsReachedByTheClientsFallback() {
    run(
        "four",
        "mkdir -p /srv; echo hello >/srv/index.html; exec busybox httpd -f -p 0.0.0.0:80 -h /srv",
        RULES);
    String v6 = "http://[" + address("four", "GlobalIPv6Address") + "]/";
    Await.until(
        "it answers",
        SOON,
        () -> status("http://" + address("four", "IPAddress") + "/").equals("200"));
    for (int i = 0; i < 8; i++) {
      assertEquals("200", status("http://four/"));
    }
    assertEquals("000 7", curl("%{http_code} %{exitcode}", "-g '" + v6 + "'"));
  }

  @Test
  void aNameWithADeadContainerIsReachedAtTheLivingOne() {
    for (String name : List.of("dead", "living")) {
      lab.docker()
          .must(
              "run",
              "-d",
              "--network",
              "net",
              "--network-alias",
              "pair",
              "--name",
              name,
              "--label",
              RULES[0],
              LabImage.NAME,
              "/bin/sh",
              "-c",
              "mkdir -p /lab; exec " + (name.equals("dead") ? "sleep 100000" : "/bin/db"));
    }
    Await.until("the living one answers", SOON, () -> status("http://living/").equals("200"));
    for (int i = 0; i < 8; i++) {
      assertEquals("200", status("http://pair/"));
    }
  }

  @Test
  void aPortNobodyListensAtIsRefusedAtConnectByNcAndByKnock() {
    run("closed", "sleep 100000", "drawbridge.policy.get=anyone may GET /**");
    String to = address("closed", "IPAddress");
    for (String port : List.of("80", "81")) {
      Output nc = in("web", "nc -w 2 " + to + " " + port + " </dev/null");
      assertTrue(nc.err().contains("Connection refused"), nc::toString);
      assertEquals("Connection refused", in("web", "knock " + to + " " + port).out().strip());
    }
  }

  @Test
  void aServerIsReachedAsSoonAsItListensAndRefusedAsSoonAsItDoesNot() {
    run("flaky", "sleep 100000", RULES[0]);
    String to = address("flaky", "IPAddress");
    for (int i = 0; i < 5; i++) {
      assertEquals("Connection refused", in("web", "knock " + to + " 80").out().strip());
      String serve = "echo $$ >/lab/pid; exec busybox httpd -f -p 80 -h /bin";
      lab.docker().must("exec", "-d", "flaky", "/bin/sh", "-c", serve);
      Await.until(
          "it is reached",
          SOON,
          () -> in("web", "knock " + to + " 80").out().strip().equals("connected"));
      lab.docker().must("exec", "flaky", "/bin/sh", "-c", "kill -9 $(cat /lab/pid)");
      Await.until(
          "it is gone",
          SOON,
          () -> in("web", "knock " + to + " 80").out().strip().equals("Connection refused"));
    }
  }

  /** Without programs of the callee's having seen it. */
  @Test
  void aListenerThatTheHostOpensInTheContainersNetworkCounts() {
    run("empty", "sleep 100000", RULES[0]);
    String to = address("empty", "IPAddress");
    String pid = lab.docker().inspect("empty", "{{.State.Pid}}");
    assertEquals("Connection refused", in("web", "knock " + to + " 80").out().strip());
    Output _ = Shell.run("nsenter", "-t", pid, "-n", "busybox", "httpd", "-p", "80", "-h", "/usr");
    try {
      // Whatever policy makes of what answers there, somebody listens.
      assertEquals("connected", in("web", "knock " + to + " 80").out().strip());
    } finally {
      Output _ =
          Shell.run(
              "nsenter",
              "-t",
              pid,
              "-n",
              "sh",
              "-c",
              "kill $(ss -Hltnp 'sport = 80' | grep -o 'pid=[0-9]*' | cut -d= -f2)");
    }
  }

  /** The agent looks at each namespace that is new to it, also where the programs hang already. */
  @Test
  void aListenerByAnInterfaceThatIsOlderThanTheAgentIsNotTakenForNone() {
    run("device", "sleep 100000", RULES[0]);
    String to = address("device", "IPAddress");
    String pid = lab.docker().inspect("device", "{{.State.Pid}}");
    assertEquals("Connection refused", in("web", "knock " + to + " 80").out().strip());
    String listener =
        "use Socket; socket(S, PF_INET, SOCK_STREAM, 0) && setsockopt(S, SOL_SOCKET, 25,"
            + " qq(eth0)) && bind(S, sockaddr_in(80, INADDR_ANY)) && listen(S, 8) || die;"
            + " while (accept(C, S)) { sysread(C, $b, 999); print C qq(HTTP/1.0 204 None\\r\\n\\r\\n);"
            + " close(C) }";
    String began =
        Shell.run(
                "sh",
                "-c",
                "nsenter -t " + pid + " -n perl -e '" + listener + "' >/dev/null 2>&1 & echo $!")
            .out()
            .strip();
    try {
      Await.until(
          "it listens",
          SOON,
          () -> Shell.run("nsenter", "-t", pid, "-n", "ss", "-Hltn").out().contains(":80"));
      agent.stop();
      agent.start();
      assertTrue(
          Await.within(
              SOON, () -> in("web", "knock " + to + " 80").out().strip().equals("connected")),
          () -> in("web", "knock " + to + " 80").text());
    } finally {
      Output _ = Shell.run("kill", began);
    }
  }

  /** It is runc under another's name: what counts is that nothing of it can be asked. */
  @Test
  void whereTheStackIsNotThisKernelsTheEngineFindsOut() throws IOException {
    JsonObject settings =
        JsonParser.parseString(Files.readString(lab.directory().resolve("daemon.json")))
            .getAsJsonObject();
    JsonObject runtime = new JsonObject();
    runtime.addProperty("path", Shell.run("sh", "-c", "command -v runc").out().strip());
    settings.getAsJsonObject("runtimes").add("runsc", runtime);
    lab.configure(settings);
    lab.reload();
    List<String> line = new ArrayList<>(List.of("run", "-d", "--network", "net"));
    line.addAll(List.of("--runtime", "runsc", "--name", "own", "--label", RULES[0]));
    line.addAll(List.of(LabImage.NAME, "/bin/sh", "-c", "sleep 100000"));
    lab.docker().must(line.toArray(String[]::new));
    Await.until(
        "it is known for what it is",
        SOON,
        () -> agent.api("/v1/problems").toString().contains("DB0513"));
    Await.until(
        "the engine finds out",
        SOON,
        () ->
            in("web", "knock " + address("own", "IPAddress") + " 80")
                .out()
                .strip()
                .equals("connected"));
  }

  // A2

  @ParameterizedTest
  @ValueSource(strings = {"IPAddress", "GlobalIPv6Address", "mapped"})
  void getsocknameAfterARedirectedConnectIsTheContainersOwnAddress(String kind) {
    String to =
        kind.equals("mapped") ? "::ffff:" + address("db", "IPAddress") : address("db", kind);
    String host = to.contains(":") ? "[" + to + "]" : to;
    String direct = curl("%{http_code} %{local_ip} %{remote_ip}", "-g 'http://" + host + ":5432/'");
    assertEquals(
        direct, curl("%{http_code} %{local_ip} %{remote_ip}", "-g 'http://" + host + "/'"));
    String own = kind.equals("mapped") ? "IPAddress" : kind;
    assertTrue(direct.contains(address("web", own)), direct);
  }

  @Test
  void theAddressIsThatOfTheNetworkOnWhichTheOtherIs() {
    lab.docker().must("network", "create", "--subnet", "10.213.77.0/24", "second");
    lab.docker().must("network", "connect", "second", "web");
    run("other", "exec /bin/db", RULES);
    lab.docker().must("network", "connect", "second", "other");
    String to = lab.docker().inspect("other", "{{.NetworkSettings.Networks.second.IPAddress}}");
    String own = lab.docker().inspect("web", "{{.NetworkSettings.Networks.second.IPAddress}}");
    boolean there =
        Await.within(
            SOON,
            () -> curl("%{http_code} %{local_ip}", "http://" + to + "/").equals("200 " + own));
    assertTrue(
        there,
        () ->
            "200 "
                + own
                + " expected, but "
                + curl("%{http_code} %{local_ip}", "http://" + to + "/")
                + " of "
                + agent.api("/v1/flows?last=3"));
    assertEquals(
        "200 " + address("web", "IPAddress"),
        curl("%{http_code} %{local_ip}", "http://" + address("db", "IPAddress") + "/"));
  }

  @Test
  void aSocketBoundToAnInterfaceIsRefusedAndTheRecordSaysWhy() {
    String db = address("db", "IPAddress");
    String own = address("web", "IPAddress");
    assertEquals("200", status("--interface eth0 http://" + db + ":5432/"));
    assertEquals("200", status("--interface " + own + " http://" + db + "/"));
    long before = lastRecord();
    assertEquals("000", status("--interface eth0 http://" + db + "/"));
    Await.until(
        "the record says why",
        SOON,
        () -> !denied(before, flow -> isReason(flow, "bound-device")).isEmpty());
  }

  // A3

  @Test
  void sortingTheAddressesOfANameIsNoDenial() {
    long before = lastRecord();
    for (int i = 0; i < 5; i++) {
      assertEquals("200", status("http://db/"));
    }
    // A record that comes after theirs.
    assertEquals("000", status("http://db:81/"));
    Await.until(
        "the connection is recorded",
        SOON,
        () -> !denied(before, flow -> !isUdp(flow) && isReason(flow, "no-rule")).isEmpty());
    assertEquals(List.of(), denied(before, AsWithoutUsTest::isUdp));
  }

  /** The resolver of the C library connects a datagram socket to its server, and sends. */
  @Test
  void aDatagramThatIsDeniedLeavesARecordOnceItIsSent() {
    run("asker", "sleep 100000");
    long before = lastRecord();
    String server = address("db", "IPAddress");
    Output _ =
        in(
            "asker",
            "echo nameserver "
                + server
                + " >/etc/resolv.conf; curl -sS -m 5 http://nobody.example/");
    Await.until("it is recorded", SOON, () -> !denied(before, AsWithoutUsTest::isUdp).isEmpty());
    for (JsonObject record : denied(before, AsWithoutUsTest::isUdp)) {
      assertTrue(isReason(record, "no-rule"), record::toString);
      assertTrue(record.toString().contains(server + ":53"), record::toString);
    }
  }
}
