package dev.drawbridge.cli.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.api.ApiConfig;
import dev.drawbridge.api.report.Json;
import dev.drawbridge.api.report.KernelReport;
import dev.drawbridge.api.report.KernelReport.Feature;
import dev.drawbridge.api.report.KernelReport.Other;
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
import java.util.stream.IntStream;
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
                  false)),
          List.of(new Other("sk_msg", "obi_packet_exte", 1)));

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
    assertEquals(List.of("1000", "1001"), EngineChecks.rootless(users));
    assertEquals(List.of(), EngineChecks.rootless(users.resolve("none")));
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
    assertEquals("20.10", EngineChecks.version("Docker version 20.10.24+dfsg1, build 5d6db84"));
    assertEquals(
        "1.6", EngineChecks.version("containerd github.com/containerd/containerd 1.6.20~ds1"));
    assertEquals("1.1", EngineChecks.version("runc version 1.1.5+ds1"));
    assertFalse(KernelChecks.older(EngineChecks.version("nothing of that kind"), "4.3"));
    assertTrue(KernelChecks.older(EngineChecks.version("podman version 3.0.1"), "4.3"));
  }

  @Test
  void aProgramIsAskedForOneLineAndNoLonger() throws IOException {
    assertEquals(
        Optional.of("two words"),
        EngineChecks.firstLine(List.of(program("echo; echo ' two words'; echo x").toString())));
    assertEquals(
        Optional.empty(), EngineChecks.firstLine(List.of(program("echo x; exit 1").toString())));
    assertEquals(
        Optional.empty(), EngineChecks.firstLine(List.of(directory.resolve("none").toString())));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "sk_msg           | obi_packet_exte | 1 | WARN | OBI (Beyla) has loaded sk_msg obi_packet_exte | sockmap",
        "cgroup_sock_addr | cil_sock4_conne | 2 | WARN | Cilium has loaded cgroup_sock_addr cil_sock4_conne (2 of them) | rewritten",
        "sched_cls        | cali_tc_preambl | 1 | WARN | Calico has loaded sched_cls cali_tc_preambl | rewritten",
        "cgroup_skb       | sd_fw_egress    | 3 | OK   | systemd has loaded cgroup_skb sd_fw_egress (3 of them) | ''",
        "sk_lookup        | ''              | 1 | WARN | somebody has loaded sk_lookup without a name | rewritten"
      })
  void programsOfOthersAreNamedByWhoseTheyAre(
      String kind, String name, int count, Findings.Grade grade, String what, String advice) {
    var findings = new Findings();
    new KernelChecks(findings).others(List.of(new Other(kind, name, count)));
    Findings.Finding one = findings.all().getFirst();
    assertEquals(grade, one.grade());
    assertEquals(what, one.what());
    assertTrue(one.advice().contains(advice) && one.advice().isEmpty() == advice.isEmpty());
  }

  @Test
  void manyProgramsOfOthersAreCut() {
    List<Other> many =
        IntStream.range(0, 50).mapToObj(i -> new Other("sched_cls", "x" + i, 1)).toList();
    var findings = new Findings();
    new KernelChecks(findings).others(many);
    assertEquals(21, findings.all().size());
    assertEquals("30 more names of programs of others are loaded", findings.all().getLast().what());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nameserver 192.0.2.1;nameserver ::1 | OK | the host asks 192.0.2.1, ::1",
        "# nameserver 192.0.2.1; nameserver  127.0.0.1 | WARN | the host asks 127.0.0.1",
        "options edns0;nameserverx 192.0.2.1;nameserver | WARN | RESOLV names no resolver"
      })
  void resolversThatOnlyTheHostReachesAreSaid(String lines, Findings.Grade grade, String what)
      throws IOException {
    Path file = directory.resolve("resolv.conf");
    Files.writeString(file, lines.replace(";", "\n") + "\n");
    var findings = new Findings();
    new HostChecks(findings).resolvers(file);
    assertEquals(grade, findings.all().getFirst().grade());
    assertEquals(what.replace("RESOLV", file.toString()), findings.all().getFirst().what());
  }

  @Test
  void timesOfStartsAreMeansOfWhatTheAgentMeasured() {
    var findings = new Findings();
    new AgentChecks(findings).startTimes("drawbridge_flows 3\n");
    assertEquals(List.of(), findings.all());
    String metrics =
        """
        drawbridge_admission_seconds_bucket{stage="attach",le="0.005"} 3
        drawbridge_admission_seconds_count{stage="attach"} 4
        drawbridge_admission_seconds_sum{stage="attach"} 0.0128
        drawbridge_admission_seconds_count{stage="create_runtime"} 4
        drawbridge_admission_seconds_sum{stage="create_runtime"} 0.05
        """;
    new AgentChecks(findings).startTimes(metrics);
    assertEquals(
        "4 starting containers waited 12.5 ms for the agent at the mean, 3.2 ms of it for their"
            + " programs",
        findings.all().getFirst().what());
    new AgentChecks(findings).startTimes(metrics.replace("0.05", "5.0"));
    assertEquals(Findings.Grade.OK, findings.all().getFirst().grade());
    assertEquals(Findings.Grade.WARN, findings.all().getLast().grade());
  }

  @Test
  void theTableHasOneRowAFeatureWithWhatIsLostWithoutIt() {
    List<String> lines = KernelChecks.table(KERNEL);

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
    assertEquals(older, KernelChecks.older(release, minimum));
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
