package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.Distribution;
import dev.drawbridge.testkit.EngineLab;
import dev.drawbridge.testkit.LabAgent;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The agent comes to a host where forty containers live already and talk to each other without a
 * pause: new connections, one that lasts, datagrams, and health checks at 127.0.0.1. They began
 * before it, and say themselves what failed ({@code chatter.c}).
 */
@Tag("it")
final class AdoptionTest {
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final int CONTAINERS = 40;

  /** Of {@code chatter.c}, for each whom a container talks to. */
  private static final int KINDS = 4;

  /** Container i has role i % 4, and talks to i + 1 and i + 2. */
  private static final List<String> ROLES = List.of("web", "sql", "good", "evil");

  private static final List<String> RULES =
      List.of(
          "role=good may GET /** on role=web port 7000",
          "role=good may connect 7001/udp on role=web",
          "role=web may connect 7000,7001/udp on role=sql");

  private static EngineLab lab;
  private static LabAgent agent;
  private static Path common;

  /** What one container said of one kind of question that it asked another. */
  private record Said(
      String kind,
      int from,
      String to,
      long ok,
      long failed,
      long okAfter,
      long failedAfter,
      String first) {

    String way() {
      return ROLES.get(from % ROLES.size())
          + " -> "
          + (to.equals("self") ? to : ROLES.get(Integer.parseInt(to) % ROLES.size()));
    }

    boolean hasRules() {
      return !to.equals("self") && (way().contains("web") || way().contains("sql"));
    }

    /** One socket on both sides that is older than the programs: who asked whom cannot be told. */
    boolean lasts() {
      return kind.endsWith("-lasts");
    }
  }

  @BeforeAll
  static void startContainersAndNoAgent() throws IOException {
    lab = EngineLab.start();
    LabImage.importInto(lab, Path.of("target/bin/chatter").toAbsolutePath());
    agent = LabAgent.start(lab, Distribution.locate());
    forgetTheAgent();
    agent.register("runc");
    common = Files.createDirectories(lab.directory().resolve("common"));
    lab.docker().must("network", "create", "--subnet", "10.214.77.0/24", "living");
    try (Stream<Integer> all = IntStream.range(0, CONTAINERS).boxed().parallel()) {
      all.forEach(AdoptionTest::run);
    }
  }

  @AfterAll
  static void stopEngineAndAgent() {
    if (lab != null) {
      lab.close();
    }
  }

  private static String address(int container) {
    return "10.214.77." + (10 + container);
  }

  private static void run(int container) {
    lab.docker()
        .must(
            "run",
            "-d",
            "--network",
            "living",
            "--ip",
            address(container),
            "--name",
            "c" + container,
            "--label",
            "role=" + ROLES.get(container % ROLES.size()),
            "--volume",
            common + ":/common",
            LabImage.NAME,
            "/bin/sh",
            "-c",
            "while :; do mkdir -p /lab; /bin/chatter /common c" + container + "; done");
  }

  /** As if it had never been: with its last pin the last of its programs is gone. */
  private static void forgetTheAgent() {
    agent.stop();
    Shell.must("umount", "--lazy", lab.directory().resolve("agent/bpf").toString());
  }

  /** They talk; the agent comes; they go on for a while. Gives what they have to say. */
  private static List<Said> underTheirTalk() throws IOException {
    for (int i = 0; i < CONTAINERS; i++) {
      Path fresh = common.resolve("new");
      Files.writeString(
          fresh,
          "self 127.0.0.1\n%d %s\n%d %s\n"
              .formatted(
                  (i + 1) % CONTAINERS,
                  address((i + 1) % CONTAINERS),
                  (i + 2) % CONTAINERS,
                  address((i + 2) % CONTAINERS)));
      Files.move(fresh, common.resolve("c" + i + ".peers"));
    }
    // Then nothing is left of an agent before, either.
    until("everybody has got answers", ".warm");
    Files.createFile(common.resolve("begin"));
    agent.start();
    Await.until("all are adopted", SOON, AdoptionTest::allAdopted);
    Files.createFile(common.resolve("mark"));
    pause();
    Files.createFile(common.resolve("stop"));
    until("all have said what they saw", ".said");
    List<Said> said = new ArrayList<>();
    for (int i = 0; i < CONTAINERS; i++) {
      for (String line : Files.readAllLines(common.resolve("c" + i + ".said"))) {
        String[] words = line.split(" ", -1);
        said.add(
            new Said(
                words[0],
                i,
                words[1],
                Long.parseLong(words[2]),
                Long.parseLong(words[3]),
                Long.parseLong(words[4]),
                Long.parseLong(words[5]),
                words[6]));
      }
    }
    // What was said last: as long as it is there nobody begins anew.
    for (String suffix : List.of(".peers", ".warm", "stop", "mark", "begin", ".said")) {
      try (Stream<Path> files = Files.list(common)) {
        files
            .filter(file -> file.toString().endsWith(suffix))
            .forEach(file -> file.toFile().delete());
      }
    }
    assertEquals(CONTAINERS * 3 * KINDS, said.size());
    return said;
  }

  /** A time, and no condition: it is the talk that counts. */
  private static void pause() {
    Shell.must("sleep", "3");
  }

  private static long count(String suffix) {
    try (Stream<Path> files = Files.list(common)) {
      return files.filter(file -> file.toString().endsWith(suffix)).count();
    } catch (IOException e) {
      return -1;
    }
  }

  private static void until(String what, String suffix) {
    Await.until(what, SOON, () -> count(suffix) == CONTAINERS);
  }

  /** Not asked without a pause: that would be the load that counts. */
  private static boolean allAdopted() {
    Shell.must("sleep", "0.3");
    int adopted = 0;
    for (JsonElement endpoint : agent.api("/v1/endpoints").getAsJsonArray()) {
      if (endpoint.getAsJsonObject().get("attachment").getAsString().equals("listener")) {
        adopted++;
      }
    }
    return adopted == CONTAINERS;
  }

  private static JsonArray denied() {
    return agent.api("/v1/flows?last=500&verdict=denied").getAsJsonArray();
  }

  private static JsonArray drops() {
    JsonObject status = agent.api("/v1/status").getAsJsonObject();
    return status.getAsJsonArray("drops");
  }

  private static void assertNone(String what, List<Said> said, Predicate<Said> which) {
    List<Said> wrong = said.stream().filter(which).toList();
    assertTrue(
        wrong.isEmpty(),
        () ->
            what
                + ": "
                + wrong.size()
                + ", such as "
                + wrong.subList(0, Math.min(wrong.size(), 12))
                + "; drops "
                + drops());
  }

  @Test
  void fortyContainersUnderLoadAreAdoptedAndNothingIsDenied() throws IOException {
    List<Said> said = underTheirTalk();
    try {
      assertAll(
          () -> assertNone("failures", said, one -> one.failed + one.failedAfter > 0),
          () -> assertNone("silence", said, one -> one.ok == 0 || one.okAfter == 0),
          () -> assertEquals(new JsonArray(), denied()),
          () -> assertEquals(new JsonArray(), drops()));
    } finally {
      forgetTheAgent();
    }
  }

  /**
   * What no program saw begin, nobody can judge: where rules close either end it is cut, once, and
   * what begins anew is judged; of datagrams, the one that is on its way at that moment is lost.
   * Nothing else that a rule allows fails, and nothing passes that none does.
   */
  @Test
  void whereRulesAreAllowedOnesNeverFailAndDeniedOnesAreDenied() throws IOException {
    Path rules = agent.policyDirectory().resolve("roles.policy");
    Files.writeString(rules, String.join("\n", RULES) + "\n");
    List<Said> said = underTheirTalk();
    List<String> denied = List.of("evil -> web", "evil -> sql");
    try {
      assertAll(
          () ->
              assertNone(
                  "failures of what is allowed",
                  said,
                  one ->
                      !denied.contains(one.way())
                          && one.failed + one.failedAfter
                              > (one.lasts() && one.hasRules() ? 1 : 0)),
          () -> assertNone("passed", said, one -> denied.contains(one.way()) && one.okAfter > 0),
          () ->
              assertNone(
                  "silence",
                  said,
                  one ->
                      one.ok == 0
                          || (one.okAfter == 0 && !denied.contains(one.way()))
                          || (one.failedAfter == 0 && denied.contains(one.way()))));
    } finally {
      Files.delete(rules);
      forgetTheAgent();
    }
  }
}
