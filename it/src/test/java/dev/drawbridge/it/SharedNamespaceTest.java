package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.drawbridge.bpf.BpfMap;
import dev.drawbridge.bpf.abi.Endpoint;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two containers of one network namespace ({@code --network container:x}): whoever listens is who
 * is called, by whatever address. His rules hold, those of layer 7 too; what they deny is an error
 * at once, with a record that says why, and {@code verdict} says the same.
 */
@Tag("it")
final class SharedNamespaceTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  /** Of a denial, with what curl itself takes on a machine that is busy. */
  private static final double AT_ONCE_SECONDS = 1.0;

  private static EngineLab lab;
  private static LabAgent agent;

  /** Which of the two have rules. */
  enum Ruled {
    GUEST,
    OWNER,
    BOTH
  }

  /**
   * One of the two.
   *
   * @param read where a rule of HTTP decides, if it has rules
   * @param carried where one of layer 4 does
   * @param closed where none does
   */
  private record Server(String name, boolean ruled, int read, int carried, int closed) {}

  @BeforeAll
  static void startEngineAndAgent() {
    lab = EngineLab.start();
    LabImage.importInto(lab);
    agent = LabAgent.start(lab, Distribution.locate());
    lab.docker().must("network", "create", "--ipv6", "--subnet", "fd00:db:13::/64", "net");
    run("api", List.of("--network", "net"), "exec sleep 100000", "friend=1");
    run("other", List.of("--network", "net"), "exec sleep 100000");
  }

  @AfterAll
  static void stopEngineAndAgent() {
    if (lab != null) {
      lab.close();
    }
  }

  private static void run(String name, List<String> options, String command, String... labels) {
    List<String> line = new ArrayList<>(List.of("run", "-d", "--name", name));
    line.addAll(options);
    for (String label : labels) {
      line.addAll(List.of("--label", label));
    }
    line.addAll(List.of(LabImage.NAME, "/bin/sh", "-c", command));
    lab.docker().must(line.toArray(String[]::new));
  }

  private static String serving(Server server) {
    StringBuilder command = new StringBuilder("mkdir -p /srv; echo hello >/srv/index.html");
    for (int port : List.of(server.read, server.carried, server.closed)) {
      command.append("; busybox httpd -p ").append(port).append(" -h /srv");
    }
    return command.append("; exec sleep 100000").toString();
  }

  private static String[] labels(Server server) {
    if (!server.ruled) {
      return new String[] {"friend=1"};
    }
    return new String[] {
      "friend=1",
      "drawbridge.policy.get=has friend may GET /** port " + server.read,
      "drawbridge.policy.host=host may GET /** port " + server.read,
      "drawbridge.policy.sql=has friend may connect " + server.carried
    };
  }

  private static Server owner(Ruled ruled) {
    return new Server(
        "owner-" + ruled.name().toLowerCase(Locale.ROOT), ruled != Ruled.GUEST, 80, 5432, 81);
  }

  private static Server guest(Ruled ruled) {
    return new Server(
        "guest-" + ruled.name().toLowerCase(Locale.ROOT), ruled != Ruled.OWNER, 8080, 9090, 8081);
  }

  private static void start(Server server, List<String> options) {
    run(server.name, options, serving(server), labels(server));
    Await.until(
        server.name + " listens",
        SOON,
        () -> curl(server.name, "GET", "127.0.0.1", server.closed).startsWith("200"));
  }

  /** What came of it, and the seconds that it took. */
  private static String curl(String from, String method, String host, int port) {
    String line =
        "-g -sS -m 5 -o /dev/null -w '%{http_code} %{exitcode} %{time_total}' -X "
            + method
            + " 'http://"
            + host
            + ":"
            + port
            + "/index.html'";
    Output output =
        from.equals("host")
            ? Shell.run(lab.onHost("sh", "-c", "curl " + line).toArray(String[]::new))
            : lab.docker().run("exec", from, "/bin/sh", "-c", "curl " + line);
    String[] said = output.out().strip().split(" ", -1);
    return said[0].equals("000") ? "error " + said[1] + " " + said[2] : said[0] + " 0 " + said[2];
  }

  private static long lastRecord() {
    long last = 0;
    for (JsonElement flow : agent.api("/v1/flows?last=1").getAsJsonArray()) {
      last = flow.getAsJsonObject().get("sequence").getAsLong();
    }
    return last;
  }

  private static boolean recorded(long after, String reason, int port) {
    for (JsonElement element : agent.api("/v1/flows?last=200&verdict=denied").getAsJsonArray()) {
      JsonObject flow = element.getAsJsonObject();
      if (flow.get("sequence").getAsLong() > after
          && flow.get("reason").getAsString().equals(reason)
          && flow.toString().contains(":" + port)) {
        return true;
      }
    }
    return false;
  }

  private static String verdict(String from, String to, String method, int port) {
    JsonObject answer =
        agent
            .api(
                "/v1/verdict?from=%s&to=%s&method=%s&path=/index.html&port=%d"
                    .formatted(from, to, method, port))
            .getAsJsonObject();
    return answer.get("verdict").getAsString() + " " + answer.get("reason").getAsString();
  }

  /** One row; empty if it is as expected. */
  private static void row(
      List<String> wrong,
      String from,
      Server to,
      String host,
      String method,
      int port,
      String expected) {
    String name = from + " -> " + to.name + " at " + host + ":" + port + " " + method;
    long before = lastRecord();
    String got = curl(from, method, host, port);
    if (!got.startsWith(expected)) {
      wrong.add(name + ": expected " + expected + ", got " + got);
    }
    boolean denied = !expected.equals("200");
    if (denied && Double.parseDouble(got.substring(got.lastIndexOf(' '))) > AT_ONCE_SECONDS) {
      wrong.add(name + ": not at once: " + got);
    }
    if (denied && !Await.within(SOON, () -> recorded(before, "no-rule", port))) {
      wrong.add(name + ": no record says no-rule");
    }
    String said = verdict(from, to.name, method, port);
    if (denied ? !said.equals("deny no-rule") : !said.startsWith("allow")) {
      wrong.add(name + ": verdict says " + said);
    }
  }

  private static void rows(
      List<String> wrong, String from, Server to, String host, boolean friend) {
    boolean ruled = to.ruled && !from.equals(to.name);
    row(wrong, from, to, host, "GET", to.read, ruled && !friend ? "error 7" : "200");
    row(wrong, from, to, host, "GET", to.carried, ruled && !friend ? "error 7" : "200");
    row(wrong, from, to, host, "GET", to.closed, ruled ? "error 7" : "200");
    if (ruled) {
      row(wrong, from, to, host, "POST", to.read, friend ? "403" : "error 7");
    }
  }

  @ParameterizedTest
  @EnumSource
  void whoListensIsWhoIsCalled(Ruled ruled) {
    Server owner = owner(ruled);
    Server guest = guest(ruled);
    start(owner, List.of("--network", "net"));
    start(guest, List.of("--network", "container:" + owner.name));
    String address4 = address(owner.name, "IPAddress");
    String address6 = "[" + address(owner.name, "GlobalIPv6Address") + "]";
    List<String> wrong = new ArrayList<>();
    for (Server to : List.of(owner, guest)) {
      for (String host : List.of(address4, address6)) {
        rows(wrong, "api", to, host, true);
        rows(wrong, "other", to, host, false);
      }
      for (String host : List.of(address4, address6, "127.0.0.1", "[::1]")) {
        rows(wrong, owner.name, to, host, true);
        rows(wrong, guest.name, to, host, true);
      }
      row(wrong, "host", to, address4, "GET", to.read, "200");
      if (to.ruled) {
        row(wrong, "host", to, address4, "POST", to.read, "403");
        row(wrong, "host", to, address4, "GET", to.closed, "error 7");
      }
    }
    for (String name : List.of(guest.name, owner.name)) {
      lab.docker().must("rm", "-f", name);
    }
    assertEquals(List.of(), wrong, () -> String.join("\n", wrong));
  }

  private static String address(String name, String field) {
    return lab.docker().inspect(name, "{{.NetworkSettings.Networks.net." + field + "}}");
  }

  private static long sharing() {
    Path endpoints = agent.policyDirectory().resolveSibling("bpf/drawbridge/maps/endpoints");
    long[] sharing = {0};
    try (BpfMap map = BpfMap.openPinned(endpoints)) {
      map.forEach((_, value) -> sharing[0] += Endpoint.decode(value).next() == 0 ? 0 : 1);
    }
    return sharing[0];
  }

  @Test
  void aGuestThatRestartsOrIsAnotherHasItsRulesAndOneThatEndsLeavesNothing() {
    Server owner = new Server("owner", false, 80, 5432, 81);
    Server guest = new Server("guest", true, 8080, 9090, 8081);
    List<String> beside = List.of("--network", "container:" + owner.name);
    start(owner, List.of("--network", "net"));
    start(guest, beside);
    String host = address(owner.name, "IPAddress");
    List<String> wrong = new ArrayList<>();
    rows(wrong, "api", guest, host, true);
    assertEquals(2, sharing());

    lab.docker().must("restart", "-t", "0", guest.name);
    Await.until(
        "it listens again",
        SOON,
        () -> curl(guest.name, "GET", "127.0.0.1", guest.closed).startsWith("200"));
    rows(wrong, "api", guest, host, true);
    rows(wrong, "other", guest, host, false);

    agent.stop();
    agent.start();
    Await.until("both are adopted", SOON, () -> sharing() == 2);
    rows(wrong, "api", guest, host, true);
    rows(wrong, owner.name, guest, "127.0.0.1", true);

    lab.docker().must("rm", "-f", guest.name);
    assertTrue(Await.within(SOON, () -> sharing() == 0), () -> "sharing: " + sharing());
    assertTrue(curl("api", "GET", host, guest.read).startsWith("error 7"));
    rows(wrong, "api", owner, host, true);
    rows(wrong, owner.name, owner, "127.0.0.1", true);

    start(guest, beside);
    rows(wrong, "api", guest, host, true);
    rows(wrong, "other", guest, host, false);
    Stream.of(guest.name, owner.name).forEach(name -> lab.docker().must("rm", "-f", name));
    assertEquals(List.of(), wrong, () -> String.join("\n", wrong));
  }
}
