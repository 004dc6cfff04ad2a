package dev.drawbridge.it.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The document says what the lane saw, and the console is read as the guest writes it. */
final class TablesTest {
  private static final Path DOCS =
      Path.of(System.getProperty("drawbridge.checkout", "..")).resolve("docs");

  @Test
  void theDocumentIsMadeFromWhatTheLaneSaw() throws Exception {
    String document = Files.readString(DOCS.resolve("compatibility.md"));
    Results results = Results.read(DOCS.resolve("compatibility.json"));
    assertTrue(results.machines().containsKey("debian-12"), "Linux 6.1 must have been seen");
    assertEquals(
        Tables.into(document, results),
        document,
        "DRAWBRIDGE_RECORD=docs ./drawbridge test vm makes both");
  }

  @Test
  void doctorIsReadWhateverElseIsPrinted() {
    Console console =
        Console.of(
            List.of(
                "MACHINE kernel 6.1.0-1-cloud-amd64 x86_64",
                "BEGIN doctor",
                "WARNING: something",
                "{\"healthy\":false,\"findings\":[],\"kernel\":{\"features\":[",
                "{\"feature\":\"ringbuf\",\"present\":\"yes\"},{\"feature\":\"tcx\",\"present\":\"no\"},",
                "{\"feature\":\"atomics\",\"present\":\"unknown\"}]}}",
                "END doctor 0"));
    assertEquals(List.of("tcx", "atomics"), Doctor.lacks(console));
    assertEquals(List.of("tcx"), Doctor.younger("6.1.0-56-cloud-amd64"));
    assertEquals(List.of(), Doctor.younger("6.12.118+deb13-cloud-amd64"));
    assertEquals(List.of("6.6"), Doctor.since(List.of("tcx")));
  }

  @Test
  void aMachineWithSystemdIsARowWithoutPrograms() {
    Results results = new Results(new TreeMap<>());
    results
        .machines()
        .put(
            "systemd-debian-12",
            new Results.Seen(
                "6.1.0-1",
                "x86_64",
                Map.of("docker.io", "20.10.24+dfsg1-1"),
                Map.of(),
                List.of(),
                40,
                0,
                List.of(),
                "",
                List.of()));
    String made = Tables.into(Tables.BEGIN + Tables.END, results);
    assertTrue(made.contains("6.1.0-1, x86_64, systemd | 20.10.24"), made);
    assertTrue(made.contains("✓ 40"), made);
  }

  @Test
  void aRunnerThatNeverEndsHasFailed() {
    Console console =
        Console.of(
            List.of(
                "MACHINE kernel 6.1.0-1-cloud-amd64 x86_64",
                "BEGIN load",
                "ok 1 - connect4 is accepted",
                "PROGRAM connect4 4312 attached",
                "1 passed, 0 failed, 0 skipped",
                "END load 0",
                "BEGIN veth",
                "ok 1 - at the veth # SKIP tcx needs Linux 6.6",
                "not ok 2 - it holds",
                "# why"));
    assertEquals("6.1.0-1-cloud-amd64", console.kernel());
    assertEquals(
        List.of(0, -1), console.runners().values().stream().map(Console.Runner::status).toList());
    assertEquals(List.of("at the veth: tcx needs Linux 6.6"), console.lacking());
    assertEquals(Map.of("connect4", new Console.Program(4312, true)), console.programs());
    assertEquals(2, console.claims());
    assertEquals(1, console.failed());
    assertTrue(!console.done(), "the machine never said DONE");
  }
}
