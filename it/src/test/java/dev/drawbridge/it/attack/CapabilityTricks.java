package dev.drawbridge.it.attack;

import dev.drawbridge.testkit.Await;
import dev.drawbridge.testkit.LabImage;
import dev.drawbridge.testkit.Output;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What a container may do against words and processes that say otherwise: names of capabilities
 * where no capability is, a first process that hides what its child keeps, raw senders as first
 * instruction.
 */
final class CapabilityTricks {
  private static final String NOTHING = "nothing";
  private static final int STARTS = Integer.getInteger("drawbridge.rawStarts", 100);
  private static final int AT_ONCE = 5;

  private final Ground ground;
  private final Tricks tricks;

  CapabilityTricks(Ground ground, Tricks tricks) {
    this.ground = ground;
    this.tricks = tricks;
  }

  static String netRaw(Output output) {
    for (String line : output.out().lines().toList()) {
      if (line.startsWith("CapEff:")) {
        long effective = Long.parseUnsignedLong(line.substring(7).strip(), 16);
        return (effective >>> 13 & 1) == 0 ? "no NET_RAW" : "NET_RAW";
      }
    }
    return "no status: " + output.text();
  }

  void words() {
    for (String word : List.of("CAP_SYS_ADMIN", "CAP_NET_RAW")) {
      String name = word.toLowerCase(Locale.ROOT).replace('_', '-');
      ground.idle(
          name,
          "--hostname",
          word,
          "--label",
          word + "=" + word,
          "--env",
          word,
          "--workdir",
          "/" + word);
      tricks.row(
          "exec where host name, label, variable and directory are " + word,
          "no NET_RAW",
          () -> netRaw(ground.docker().run("exec", name, "cat", "/proc/self/status")));
      tricks.row(
          "exec with the argument " + word,
          "no NET_RAW",
          () ->
              netRaw(
                  ground
                      .docker()
                      .run("exec", "-e", "A=" + word, name, "cat", "/proc/self/status", word)));
    }
  }

  /** What a health check has that an image asks for with such an argument. */
  void healthChecks() {
    for (String word : List.of("CAP_SYS_ADMIN", "CAP_NET_RAW")) {
      String name = "health-" + word.substring(4).toLowerCase(Locale.ROOT).replace('_', '-');
      String check =
          "HEALTHCHECK --interval=1s CMD [\"/bin/sh\", \"-c\", \"cat /proc/self/status >/lab/status\","
              + " \""
              + word
              + "\"]";
      ground.docker().must("create", "--name", "made-" + name, LabImage.NAME, "/bin/true");
      ground.docker().must("commit", "--change", check, "made-" + name, name);
      ground.docker().must("rm", "made-" + name);
      IdentityTricksTest.run(ground, name, name, List.of("app=x"));
      tricks.row(
          "a health check with the argument " + word,
          "no NET_RAW",
          () -> {
            Path status = ground.shared(name).resolve("status");
            Await.until("a health check has run", Ground.SOON, () -> hasStatus(status));
            return netRaw(new Output(0, Files.readString(status), ""));
          });
      ground.remove(name);
    }
  }

  private static boolean hasStatus(Path file) {
    try {
      return Files.exists(file) && Files.readString(file).contains("CapEff:");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The first process forks and gives everything up; the child has it all, and sends. */
  void hiders() {
    Sink sink = ground.sink("target");
    for (String capability : List.of("SYS_ADMIN", "NET_RAW")) {
      String name = "hider-" + capability.toLowerCase(Locale.ROOT).replace('_', '-');
      String run = ground.freshRun();
      List<String> options = new ArrayList<>(List.of("--cap-add", capability));
      options.addAll(
          List.of(
              IdentityTricksTest.raw(
                  "app=hider", "drawbridge.policy.o=may connect 9 on app=nobody-here")));
      ground.start(
          name,
          options,
          "/bin/attack",
          "hide",
          "/lab/go",
          "send",
          run,
          ground.address4("target"),
          Integer.toString(sink.base()),
          "tcp",
          "udp",
          "raw-udp-hdrincl-spoof",
          "af-packet");
      if (capability.equals("SYS_ADMIN")) {
        tricks.row(
            "a first process that forked and gave up " + capability,
            "said",
            () -> {
              Await.within(Ground.SOON, () -> ground.hasProblem(name, "DB0507"));
              return ground.hasProblem(name, "DB0507") ? "said" : "not said";
            });
      }
      tricks.row(
          "what its child sends, which kept " + capability,
          NOTHING,
          () -> {
            Files.createFile(ground.shared(name).resolve("go"));
            Await.until("the child has sent", Ground.SOON, () -> ended(name));
            sink.settle();
            return sink.lines().stream().anyMatch(line -> line.contains(run + ":"))
                ? "arrived"
                : NOTHING;
          });
      ground.remove(name);
    }
  }

  /** Whether the first process is the only one left. */
  private boolean ended(String name) {
    return ground.docker().must("top", name).lines().count() == 2;
  }

  void firstInstruction() {
    Sink sink = ground.sink("target");
    List<String> runs = new ArrayList<>();
    List<Future<Output>> starts = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE)) {
      for (int i = 0; i < STARTS; i++) {
        String run = ground.freshRun();
        runs.add(run);
        List<String> start =
            new ArrayList<>(List.of("run", "--rm", "--network", "ground", "--stop-timeout", "0"));
        start.addAll(
            List.of(IdentityTricksTest.raw("app=s", "drawbridge.policy.o=may connect 9 on app=x")));
        start.addAll(
            List.of(
                LabImage.NAME,
                "/bin/attack",
                "send",
                run,
                ground.address4("target"),
                Integer.toString(sink.base()),
                "af-packet",
                "raw-udp-hdrincl-spoof"));
        starts.add(pool.submit(() -> ground.docker().run(start.toArray(String[]::new))));
      }
    }
    sink.settle();
    tricks.row(
        STARTS + " starts with raw senders as the first instruction",
        STARTS + " ran, 0 arrived",
        () ->
            starts.stream().filter(start -> start.resultNow().text().contains("af-packet")).count()
                + " ran, "
                + sink.lines().stream()
                    .filter(line -> runs.stream().anyMatch(run -> line.contains(run + ":")))
                    .count()
                + " arrived"
                + starts.stream()
                    .map(start -> start.resultNow().text())
                    .filter(text -> !text.contains("af-packet"))
                    .findFirst()
                    .map(text -> "; one said: " + text)
                    .orElse(""));
  }
}
