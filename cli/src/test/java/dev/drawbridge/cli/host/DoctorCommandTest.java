package dev.drawbridge.cli.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.ApiConfig;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.KernelReport;
import dev.drawbridge.api.report.KernelReport.Feature;
import dev.drawbridge.api.report.KernelReport.Presence;
import dev.drawbridge.cli.terminal.CommandException;
import dev.drawbridge.cli.terminal.RunDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DoctorCommandTest {

  private static final KernelReport KERNEL =
      new KernelReport(
          "6.1.0-18-amd64",
          "6.1",
          "v1.1",
          List.of(
              new Feature(
                  "sk-lookup", "programs", "rules for world", "5.9", Presence.YES, "", "x", true),
              new Feature(
                  "tcx",
                  "programs",
                  "ping by rule",
                  "6.6",
                  Presence.NO,
                  "refused",
                  "pings",
                  false)));

  @TempDir Path directory;

  private Path program(String text) throws IOException {
    Path program = directory.resolve("drawbridge-agent");
    Files.writeString(program, "#!/bin/sh\n" + text);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    return program;
  }

  @Test
  void whoHasPodmanWithoutRootIsNamed(@TempDir Path users) throws Exception {
    for (String path : List.of("0/libpod", "1000/libpod", "1001/containers", "1002/pulse")) {
      Files.createDirectories(users.resolve(path));
    }
    assertEquals(List.of("1000", "1001"), DoctorCommand.rootless(users));
    assertEquals(List.of(), DoctorCommand.rootless(users.resolve("none")));
  }

  @Test
  void everyCheckHasARowAndACodeOfItsOwn() throws IOException {
    String reference = Files.readString(Path.of("../docs/doctor.md"));
    Set<String> codes = new TreeSet<>();
    for (Check check : Check.values()) {
      String row = "| `" + check.code() + "` | " + check.about() + " |";
      assertTrue(reference.contains(row), row);
      assertTrue(codes.add(check.code()), check.code());
    }
    assertEquals(codes.size(), reference.lines().filter(l -> l.startsWith("| `DR")).count());
  }

  @Test
  void anEnginesVersionIsFoundInWhateverItSays() {
    assertEquals("20.10", DoctorCommand.version("Docker version 20.10.24+dfsg1, build 5d6db84"));
    assertEquals(
        "1.6", DoctorCommand.version("containerd github.com/containerd/containerd 1.6.20~ds1"));
    assertEquals("1.1", DoctorCommand.version("runc version 1.1.5+ds1"));
    assertFalse(DoctorCommand.older(DoctorCommand.version("nothing of that kind"), "4.3"));
    assertTrue(DoctorCommand.older(DoctorCommand.version("podman version 3.0.1"), "4.3"));
  }

  @Test
  void aProgramIsAskedForOneLineAndNoLonger() throws IOException {
    assertEquals(
        Optional.of("two words"),
        Programs.firstLine(List.of(program("echo; echo ' two words'; echo x").toString())));
    assertEquals(
        Optional.empty(), Programs.firstLine(List.of(program("echo x; exit 1").toString())));
    assertEquals(
        Optional.empty(), Programs.firstLine(List.of(directory.resolve("none").toString())));
  }

  @Test
  void theTableHasOneRowAFeatureWithWhatIsLostWithoutIt() {
    List<String> lines = DoctorCommand.table(KERNEL);

    assertEquals(3, lines.size());
    assertTrue(lines.getFirst().startsWith("FEATURE    SINCE  PRESENT  NEEDED FOR"));
    assertTrue(lines.get(2).matches("tcx +6.6 +no +ping by rule +pings"), lines.get(2));
  }

  @Test
  void theKernelIsLookedAtByTheAgentsProgramWithoutAnAgent() throws Exception {
    Path program = program("[ \"$1\" = --features ] && echo '" + Json.write(KERNEL) + "'");

    assertEquals(KERNEL, KernelProbe.ask(program));
  }

  @Test
  void whatTheProgramCannotSayIsSaid() throws Exception {
    for (String text : List.of("echo '{}'", "echo nonsense", "exit 3", "echo '{\"release\":1}'")) {
      Path program = program(text);
      CommandException e = assertThrows(CommandException.class, () -> KernelProbe.ask(program));
      assertTrue(String.valueOf(e.getMessage()).contains(program.toString()), e.getMessage());
    }
    assertThrows(CommandException.class, () -> KernelProbe.ask(directory.resolve("none")));
  }

  @ParameterizedTest
  @CsvSource({
    "5.14.0-427.el9, 6.1, true",
    "6.1.0, 6.1, false",
    "5.15.4, 6.1, true",
    "6.1.0-18-amd64, 6.1, false",
    "10.0, 6.1, false",
    "unknown, 6.1, false"
  })
  void kernelsAreComparedByNumber(String release, String minimum, boolean older) {
    assertEquals(older, DoctorCommand.older(release, minimum));
  }

  @Test
  void theFrontDoorsDirectoriesReachShimAndClient() {
    Map<String, String> elsewhere =
        Map.of("DRAWBRIDGE_RUN", "/run/other", "DRAWBRIDGE_HOME", "/srv/other");

    assertEquals(Path.of("/run/other/api.sock"), RunDirectory.apiSocket(elsewhere));
    assertEquals(Path.of("/run/other/hook.sock"), RunDirectory.layout(elsewhere).hookSocket());
    assertEquals(Path.of("/srv/other/exempt"), RunDirectory.layout(elsewhere).exempt());
    assertEquals(ApiConfig.DEFAULT_SOCKET, RunDirectory.apiSocket(Map.of()));
    assertFalse(RunDirectory.layout(Map.of()).hookSocket().startsWith("/run/other"));
  }
}
