package dev.drawbridge.it.attack;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.JdkPlaces;
import dev.drawbridge.testkit.RootFilesystem;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Containers fill what the agent has to keep for them, on its shipped heap: it goes on serving
 * another one, in the same process, and its evidence about others stays.
 */
@Tag("it")
final class ExhaustionTest {
  private static final int CONNECTIONS = Integer.getInteger("drawbridge.hogs", 4_000);
  private static final String IMAGE = "drawbridge-hog";
  private static final Duration LONG = Duration.ofMinutes(4);

  @Test
  void hogsTakeOnlyWhatIsTheirs() throws Exception {
    Table table = new Table("exhaustion");
    try (Ground ground = Ground.open()) {
      RootFilesystem.withBusybox(ground.lab().directory().resolve("hog-image"))
          .program(Path.of(System.getProperty("java.home"), "lib", "server", "libjvm.so"))
          .program(Path.of(System.getProperty("java.home"), "lib", "libzip.so"))
          .importAs(ground.docker(), IMAGE, "[\"/bin/sleep\", \"100000\"]");
      ground.start(
          "db",
          Ground.labels("app=db", "drawbridge.policy.read=anyone may GET /users port 80"),
          "/bin/db");
      ground.idle("victim", Ground.labels("app=victim").toArray(String[]::new));
      for (String hog : List.of("hog1", "hog2")) {
        List<String> run =
            new ArrayList<>(List.of("run", "-d", "--name", hog, "--label", "app=hog"));
        run.addAll(List.of("--network", "ground"));
        run.addAll(mounts());
        run.add(IMAGE);
        ground.docker().must(run.toArray(String[]::new));
      }
      Await.until("requests are served", Ground.SOON, () -> get(ground, "/users").equals("200"));
      table.row("the victim's own denial", "403", get(ground, "/evidence"));
      long agent = ground.agent().pid();
      List<Process> hogs = new ArrayList<>();
      for (String hog : List.of("hog1", "hog2")) {
        hogs.add(attack(ground, hog));
      }
      int asked = 0;
      int served = 0;
      long end = System.nanoTime() + LONG.toNanos();
      while (hogs.stream().anyMatch(Process::isAlive) && System.nanoTime() < end) {
        asked++;
        if (get(ground, "/users").equals("200")) {
          served++;
        }
      }
      table.row(
          "the hogs came to their end",
          "true",
          Boolean.toString(hogs.stream().allMatch(hog -> !hog.isAlive() && hog.exitValue() == 0)));
      hogs.forEach(Process::destroy);
      table.row(
          "asked beside the hogs, and served", Integer.toString(asked), Integer.toString(served));
      table.row("afterwards", "200", get(ground, "/users"));
      table.row(
          "the agent is the same process",
          "true",
          Boolean.toString(
              ground.agent().pid() == agent
                  && ProcessHandle.of(agent).map(ProcessHandle::isAlive).orElse(false)));
      String flows =
          ground.agent().api("/v1/flows?last=5000&container=victim&verdict=denied").toString();
      table.row(
          "the victim's denial is still on record",
          "true",
          Boolean.toString(flows.contains("/evidence")));
    }
    assertEquals("", table.verdict());
  }

  private static List<String> mounts() {
    String classes = Path.of("target/test-classes").toAbsolutePath().toString();
    List<String> mounts = new ArrayList<>(List.of("-v", classes + ":/hog:ro"));
    JdkPlaces.all().forEach(place -> mounts.addAll(List.of("-v", place + ":" + place + ":ro")));
    return mounts;
  }

  private static Process attack(Ground ground, String container) throws Exception {
    List<String> command =
        List.of(
            "docker",
            "exec",
            container,
            System.getProperty("java.home") + "/bin/java",
            "-XX:+UseSerialGC",
            "-Xmx128m",
            "-cp",
            "/hog",
            Hog.class.getName(),
            ground.address4("db"),
            Integer.toString(CONNECTIONS));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(ground.docker().environment());
    return builder
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static String get(Ground ground, String path) {
    return ground
        .docker()
        .run(
            "exec",
            "victim",
            "curl",
            "-s",
            "-m",
            "20",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "http://" + ground.address4("db") + path)
        .out();
  }
}
