package dev.drawbridge.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.report.ProblemReport;
import dev.drawbridge.daemon.config.Config;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a file that is read again; what is brought in force is only written down. */
final class ReloadTest {

  @TempDir Path directory;

  private final List<Config> inForce = new ArrayList<>();
  private CompletableFuture<Void> outcome = CompletableFuture.completedFuture(null);

  private Path file() {
    return directory.resolve("drawbridge.yaml");
  }

  private Reload started(String text) throws IOException, Config.ConfigException {
    return started(text, Duration.ofSeconds(10));
  }

  private Reload started(String text, Duration patience)
      throws IOException, Config.ConfigException {
    write(text);
    return new Reload(
        () -> Optional.of(file()).filter(Files::exists),
        Config.load(file()),
        config -> {
          inForce.add(config);
          return outcome;
        },
        patience);
  }

  private void write(String text) throws IOException {
    Files.writeString(file(), text);
  }

  private static String only(List<ProblemReport> problems) {
    assertEquals(1, problems.size(), problems::toString);
    assertEquals("DB0521", problems.getFirst().code());
    return problems.getFirst().severity() + ": " + problems.getFirst().message();
  }

  @Test
  void whatCanChangeComesInForce() throws Exception {
    Reload reload = started("defaultDeny: false\n");
    write("defaultDeny: true\nexempt: [proxy]\n");
    reload.now();

    assertTrue(inForce.getLast().defaultDeny());
    assertEquals(List.of("proxy"), inForce.getLast().exempt());
    assertEquals(List.of(), reload.problems());
  }

  @Test
  void whatCannotIsToldByNameUntilItIsAsItWas() throws Exception {
    Reload reload = started("flowRecords: 500\n");
    write("flowRecords: 501\nlimits: {pairs: 7}\ndefaultDeny: true\n");
    reload.now();

    assertEquals(500, inForce.getLast().flowRecords());
    assertTrue(inForce.getLast().defaultDeny(), "the rest takes effect");
    String said = only(reload.problems());
    assertTrue(said.startsWith("warning: "), said);
    assertTrue(said.endsWith(": flowRecords, limits.pairs"), said);

    write("flowRecords: 500\n");
    reload.now();
    assertEquals(List.of(), reload.problems());
  }

  @Test
  void aWrongFileChangesNothingAndIsAProblemUntilItIsMended() throws Exception {
    Reload reload = started("defaultDeny: true\n");
    write("defaultDeny: true\nexmept: [proxy]\n");
    reload.now();

    assertEquals(List.of(), inForce);
    String said = only(reload.problems());
    assertTrue(said.startsWith("error: "), said);
    assertTrue(said.contains("drawbridge.yaml:2:1: unknown key \"exmept\"; did you mean"), said);
    assertTrue(said.endsWith("; what was in force stays"), said);

    write("defaultDeny: true\nexempt: [proxy]\n");
    reload.now();
    assertEquals(List.of("proxy"), inForce.getLast().exempt());
    assertEquals(List.of(), reload.problems());
  }

  @Test
  void aFileThatIsGoneIsNotTakenForTheDefaults() throws Exception {
    Reload reload = started("defaultDeny: true\n");
    Files.delete(file());
    reload.now();

    assertEquals(List.of(), inForce);
    assertTrue(only(reload.problems()).contains("gone"));
  }

  @Test
  void aFileThatSaysNothingIsNotTakenForTheDefaultsEither() throws Exception {
    Reload reload = started("defaultDeny: true\n");
    for (String text : List.of("", "# defaultDeny: true\n")) {
      write(text);
      reload.now();

      assertEquals(List.of(), inForce);
      assertTrue(only(reload.problems()).contains("says nothing"));
    }
    write("defaultDeny: false\n");
    reload.now();
    assertEquals(List.of(false), inForce.stream().map(Config::defaultDeny).toList());
    assertEquals(List.of(), reload.problems());
  }

  @Test
  void whatFailsLaterIsAProblemToo() throws Exception {
    Reload reload = started("unhooked: allow\n", Duration.ofMillis(1));
    outcome = new CompletableFuture<>();
    write("unhooked: deny\n");
    reload.now();
    assertEquals(List.of(), reload.problems());

    outcome.completeExceptionally(new IOException("map guarded is full"));
    assertTrue(only(reload.problems()).contains("map guarded is full"));
  }

  @Test
  void aFileThatIsThereNowIsRead() throws Exception {
    Path file = file();
    Reload reload =
        new Reload(
            () -> Optional.of(file).filter(Files::exists),
            Config.defaults(),
            config -> {
              inForce.add(config);
              return outcome;
            },
            Duration.ofSeconds(10));
    reload.now();
    write("defaultDeny: true\n");
    reload.now();

    assertEquals(List.of(false, true), inForce.stream().map(Config::defaultDeny).toList());
  }

  @Test
  void whatTheKernelDoesNotTakeIsAProblemAndTriedAgain() throws Exception {
    Reload reload = started("unhooked: allow\n");
    outcome = CompletableFuture.failedFuture(new IOException("map guarded is full"));
    write("unhooked: deny\n");
    reload.now();
    assertTrue(only(reload.problems()).contains("map guarded is full"));

    outcome = CompletableFuture.completedFuture(null);
    reload.now();
    assertEquals(Config.Unhooked.DENY, inForce.getLast().unhooked());
    assertEquals(List.of(), reload.problems());
  }
}
