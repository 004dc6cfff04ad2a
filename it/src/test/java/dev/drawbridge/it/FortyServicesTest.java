package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.ApiException;
import dev.drawbridge.api.client.LocalClient;
import dev.drawbridge.api.report.Outcome;
import dev.drawbridge.api.report.VerdictReport;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabNetwork;
import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The forty services of {@code install/examples/forty} as real processes; everybody asks everybody
 * everything, and gets what {@code expected.txt} says. {@code FortyServicesOfflineTest} asks the
 * same of the files.
 */
@Tag("it")
final class FortyServicesTest {
  private static final Path EXAMPLE =
      Path.of(System.getProperty("drawbridge.checkout", ".."), "install/examples/forty");

  private static final Duration SOON = Duration.ofSeconds(20);

  /** Who is beyond the host, and on which ports somebody answers there. */
  private static final Map<String, List<String>> BEYOND =
      Map.of(
          "9.9.9.9/@internet", List.of("tcp:443", "tcp:8443"),
          "9.9.9.9/@mailserver", List.of("tcp:25"),
          "192.168.77.5/@nas", List.of("tcp:445"),
          "192.168.77.1/@router", List.of("tcp:80"));

  /** One question, what {@code expected.txt} says of it and what came. */
  private record Row(
      String caller,
      String callee,
      String address,
      String port,
      String kind,
      String method,
      String target,
      String expected,
      String actual) {
    static Row of(String line) {
      String[] part = line.split(" ", -1);
      return new Row(
          part[0], part[1], part[2], part[3], part[4], part[5], part[6], part[7], part[8]);
    }

    /** As {@code /v1/verdict} takes it. */
    List<String> question() {
      List<String> question = new ArrayList<>(List.of("from", who(caller), "port", port));
      question.addAll(List.of("to", callee.startsWith("@") ? address : who(callee)));
      if (kind.equals("http")) {
        question.addAll(List.of("method", method, "path", target));
      } else {
        question.addAll(List.of("protocol", kind));
      }
      return question;
    }

    private static String who(String service) {
      return service.equals("host") || service.equals("world") ? service : "service:" + service;
    }
  }

  private static EngineLab lab;
  private static LabAgent agent;
  private static Output table;
  private static List<Row> rows;
  private static final List<Process> OTHERS = new ArrayList<>();

  @BeforeAll
  static void everybodyAsksEverybodyEverything() throws IOException {
    lab = EngineLab.start();
    agent = LabAgent.start(lab, Distribution.locate());
    // Before there is anybody whom it is about.
    int before = generation();
    Files.copy(EXAMPLE.resolve("home.policy"), agent.policyDirectory().resolve("home.policy"));
    Await.until("the policy is in force", SOON, () -> generation() > before);
    startOthers();
    Path results = lab.directory().resolve("results");
    Map<String, String> environment = new HashMap<>(lab.docker().environment());
    environment.put("FORTY_HOST", String.join(" ", lab.network().onHost()));
    environment.put("FORTY_WORLD", String.join(" ", lab.network().inWorld()));
    environment.put("FORTY_PUBLISHED", LabNetwork.HOST_ADDRESS);
    table =
        Shell.run(
            Duration.ofMinutes(4),
            environment,
            List.of("sh", EXAMPLE.resolve("everybody.sh").toString(), results.toString()));
    System.out.println(table.text());
    rows =
        Files.exists(results)
            ? Files.readAllLines(results).stream().map(Row::of).toList()
            : List.of();
  }

  @AfterAll
  static void stopEverything() {
    OTHERS.forEach(Process::destroy);
    if (lab != null) {
      lab.close();
    }
  }

  private static int generation() {
    return agent.api("/v1/status").getAsJsonObject().get("generation").getAsInt();
  }

  /**
   * The NAS, the router, two servers on the internet: another machine of the lab is all of them.
   */
  private static void startOthers() throws IOException {
    Path program = lab.directory().resolve("everybody");
    Shell.must(
        "gcc",
        "-static",
        "-O1",
        "-std=gnu11",
        "-D_GNU_SOURCE",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
        program.toString(),
        EXAMPLE.resolve("everybody.c").toString());
    for (String address : List.of("9.9.9.9", "192.168.77.5", "192.168.77.1")) {
      must(lab.network().inWorld("ip", "addr", "add", address + "/32", "dev", "lo"));
      must(
          lab.network()
              .onHost("ip", "route", "add", address + "/32", "via", LabNetwork.WORLD_ADDRESS));
    }
    for (Map.Entry<String, List<String>> one : BEYOND.entrySet()) {
      List<String> command = new ArrayList<>(lab.network().inWorld(program.toString(), "serve"));
      command.add(one.getKey().substring(one.getKey().indexOf('/') + 1));
      command.addAll(one.getValue());
      OTHERS.add(new ProcessBuilder(command).inheritIO().start());
      for (String port : one.getValue()) {
        String number = port.substring("tcp:".length());
        Await.until(
            one.getKey() + " listens on " + number,
            SOON,
            () ->
                Shell.run(
                        SOON, Map.of(), lab.network().inWorld(program.toString(), "check", number))
                    .ok());
      }
    }
  }

  private static void must(List<String> command) {
    Shell.must(command.toArray(String[]::new));
  }

  @Test
  void everyRowIsAsExpected() {
    assertTrue(rows.size() > 4000, () -> rows.size() + " rows; " + table.text());
    List<String> differ =
        rows.stream()
            .filter(row -> !row.expected().equals(row.actual()))
            .map(Row::toString)
            .toList();
    assertEquals(List.of(), differ);
    assertTrue(table.ok(), table.text());
  }

  @Test
  void verdictSaysOfEveryRowWhatTheWireDid() throws ApiException {
    assertTrue(rows.size() > 4000, () -> rows.size() + " rows; " + table.text());
    LocalClient client = new LocalClient(agent.apiSocket());
    List<String> differ = new ArrayList<>();
    for (Row row : rows) {
      VerdictReport verdict = client.verdict(row.question());
      String said =
          verdict.verdict() == Outcome.ALLOW
              ? "yes"
              : verdict.judgedBy().equals("engine") ? "403" : "no";
      if (!said.equals(row.actual())) {
        differ.add(row + ": verdict " + said + " " + verdict.reason());
      }
    }
    assertEquals(List.of(), differ);
  }
}
