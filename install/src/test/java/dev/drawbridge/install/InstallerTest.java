package dev.drawbridge.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Installing and uninstalling below a directory of the test's own; no dockerd runs there. */
final class InstallerTest {
  @TempDir Path root;
  private Layout layout;
  private InstallOptions options;

  @BeforeEach
  void prepare() throws Exception {
    layout = Layout.under(root);
    Path built = Files.createDirectories(root.resolve("built"));
    Files.writeString(built.resolve("drawbridge-hook"), "hook");
    Files.writeString(built.resolve("drawbridge-runc"), "shim");
    Files.writeString(built.resolve("drawbridge-agent"), "agent");
    Files.setPosixFilePermissions(
        built.resolve("drawbridge-agent"), PosixFilePermissions.fromString("rwxr-xr-x"));
    options = InstallOptions.of(built).withLayout(layout);
    program("usr/bin/runc");
  }

  private void program(String path) throws Exception {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Test
  void planChangesNothingAndShowsEveryChange() throws Exception {
    write(layout.daemonJson(), "{\"debug\":true}\n");
    Map<String, String> before = snapshot();
    InstallPlan plan = Installer.plan(options.withDefault(true));
    assertEquals(before, snapshot());
    assertEquals(List.of(), plan.conflicts());
    String text = String.join("\n", plan.lines());
    for (String part :
        List.of(
            "copy drawbridge-hook",
            "copy drawbridge-runc",
            "change " + layout.daemonJson(),
            "+   \"default-runtime\": \"drawbridge\"",
            "write " + layout.shimConfig(),
            "+ runtime=runc",
            "write " + layout.unit())) {
      assertTrue(text.contains(part), part + " in " + text);
    }
  }

  @Test
  void applyingTwiceDoesNothingTheSecondTime() throws Exception {
    InstallOptions all = options.withDefault(true).withPodman(true).withPodmanHooks(true);
    Installer.plan(all).apply();
    Map<String, String> once = snapshot();
    InstallPlan again = Installer.plan(all);
    assertEquals(List.of(), again.steps());
    assertEquals("nothing to do", again.lines().getFirst());
    again.apply();
    assertEquals(once, snapshot());
  }

  @Test
  void theOperatorsOwnWaitingTimesStayInTheShimsConfiguration() throws Exception {
    Installer.plan(options).apply();
    String once = Files.readString(layout.shimConfig());
    Files.writeString(
        layout.shimConfig(), once + "agent_wait_ms=20000\npassthrough=true\ntotal_timeout_ms=9\n");

    Installer.plan(options.withDefault(true)).apply();

    String again = Files.readString(layout.shimConfig());
    assertEquals(once + "agent_wait_ms=20000\ntotal_timeout_ms=9\n", again);
  }

  @Test
  void programsCanBeExecutedAndTheExemptListIsRootsAlone() throws Exception {
    Installer.plan(options).apply();
    assertEquals("rwxr-xr-x", mode(layout.shim()));
    assertEquals("rwxr-xr-x", mode(layout.hook()));
    assertEquals("rwx------", mode(layout.exempt()));
    assertEquals("rw-r--r--", mode(layout.daemonJson()));
  }

  @Test
  void unitStartsTheAgentFromWhereItWasUnpacked() throws Exception {
    Installer.plan(options).apply();
    String unit = Files.readString(layout.unit());
    Path agent = root.resolve("built/drawbridge-agent");
    assertTrue(unit.contains("\nExecStart=" + agent + " $"), unit);
    assertTrue(unit.contains("\nExecReload=" + agent + " --check-config $"), unit);
    assertFalse(unit.contains("/usr/libexec/drawbridge/"), unit);
    Files.delete(root.resolve("built/drawbridge-agent"));
    assertEquals(1, Installer.plan(options).conflicts().size());
    assertEquals(List.of(), Installer.plan(options.withSystemd(false)).conflicts());
  }

  @Test
  void uninstallingWithoutDockerLeavesTheRuntimeAlone() throws Exception {
    Installer.plan(options.withPodman(true)).apply();
    Installer.planRemoval(options.withDocker(false)).apply();
    assertTrue(Files.readString(layout.daemonJson()).contains("drawbridge"));
    assertTrue(Files.exists(layout.shim()));
    assertFalse(Files.exists(layout.unit()));
  }

  @Test
  void aFileThatOnlyHeldOursGoesAndOneThatWasThereComesBackAsItWas() throws Exception {
    Installer.plan(options.withDefault(true)).apply();
    Installer.planRemoval(options).apply();
    assertFalse(Files.exists(layout.daemonJson()));

    String own = "{ \"debug\" :true }";
    write(layout.daemonJson(), own);
    Installer.plan(options.withDefault(true)).apply();
    Installer.planRemoval(options).apply();
    assertEquals(own, Files.readString(layout.daemonJson()));
  }

  @Test
  void whatAReloadLeftBehindIsTidiedOnceNoDockerdRuns() throws Exception {
    write(layout.daemonJson(), "{\"runtimes\":{},\"default-runtime\":\"runc\"}");
    Installer.planRemoval(options).apply();
    assertFalse(Files.exists(layout.daemonJson()));
  }

  @Test
  void shimLooksWhereAnAgentWithDirectoriesOfItsOwnIs() throws Exception {
    Layout other = layout.withAgent(root.resolve("r"), root.resolve("s"));
    Installer.plan(options.withLayout(other)).apply();
    String shim = Files.readString(layout.shimConfig());
    assertTrue(shim.contains("\nsocket=" + root.resolve("r/hook.sock") + "\n"), shim);
    assertTrue(shim.contains("\nexempt_dir=" + root.resolve("s/exempt") + "\n"), shim);
  }

  @Test
  void newProgramsReplaceOldOnes() throws Exception {
    Installer.plan(options).apply();
    Files.writeString(options.builtPrograms().resolve("drawbridge-runc"), "newer shim");
    InstallPlan plan = Installer.plan(options);
    assertEquals(1, plan.steps().size());
    plan.apply();
    assertEquals("newer shim", Files.readString(layout.shim()));
  }

  @Test
  void displacedDefaultIsChainedToAndRestored() throws Exception {
    String before =
        """
        {
            "default-runtime": "nvidia",
            "runtimes": {
                "nvidia": {
                    "path": "/usr/bin/nvidia-container-runtime"
                }
            }
        }
        """;
    write(layout.daemonJson(), before);
    Installer.plan(options.withDefault(true)).apply();
    assertTrue(
        Files.readString(layout.shimConfig())
            .contains("\nruntime=/usr/bin/nvidia-container-runtime\n"));
    Installer.plan(options.withDefault(true)).apply();
    assertTrue(Files.readString(layout.state()).contains("nvidia"));
    Installer.planRemoval(options).apply();
    assertEquals(before, Files.readString(layout.daemonJson()));
  }

  @Test
  void whatWasThereBeforeIsKeptOnceAsABackup() throws Exception {
    write(layout.daemonJson(), "{\"debug\":true}");
    Installer.plan(options).apply();
    Installer.plan(options.withDefault(true)).apply();
    Path backup = layout.daemonJson().resolveSibling("daemon.json.before-drawbridge");
    assertEquals("{\"debug\":true}", Files.readString(backup));
  }

  @Test
  void aLinkedConfigurationStaysLinkedAndKeepsItsMode() throws Exception {
    Path real = root.resolve("elsewhere.json");
    write(real, "{}");
    Files.setPosixFilePermissions(real, PosixFilePermissions.fromString("rw-------"));
    Files.createDirectories(layout.daemonJson().resolveSibling("."));
    Files.createSymbolicLink(layout.daemonJson(), real);
    Installer.plan(options).apply();
    assertTrue(Files.isSymbolicLink(layout.daemonJson()));
    assertTrue(Files.readString(real).contains("drawbridge"));
    assertEquals("rw-------", mode(real));
  }

  @Test
  void aCorruptDaemonJsonIsAConflictAndNothingAtAllIsDone() throws Exception {
    write(layout.daemonJson(), "{\"debug\":true");
    Map<String, String> before = snapshot();
    InstallPlan plan = Installer.plan(options);
    assertEquals(1, plan.conflicts().size());
    assertTrue(plan.lines().getFirst().startsWith("conflict: " + layout.daemonJson()));
    assertThrows(InstallException.class, plan::apply);
    assertEquals(before, snapshot());
  }

  @Test
  void aDefaultRuntimeThatCannotBeChainedToIsAConflict() throws Exception {
    write(layout.daemonJson(), "{\"default-runtime\":\"kata\"}");
    assertEquals(1, Installer.plan(options.withDefault(true)).conflicts().size());
    assertEquals(List.of(), Installer.plan(options).conflicts());
  }

  @Test
  void aFileThatChangedSinceThePlanIsNotOverwritten() throws Exception {
    write(layout.daemonJson(), "{}");
    InstallPlan plan = Installer.plan(options);
    write(layout.daemonJson(), "{\"debug\":true}");
    assertThrows(InstallException.class, plan::apply);
    assertEquals("{\"debug\":true}", Files.readString(layout.daemonJson()));
  }

  @Test
  void missingProgramsAreSaidBeforeAnythingHappens() {
    InstallOptions wrong =
        InstallOptions.of(root.resolve("nowhere")).withLayout(layout).withDefault(true);
    assertThrows(InstallException.class, () -> Installer.plan(wrong));
  }

  @Test
  void uninstallingLeavesNothingOfOursBehind() throws Exception {
    write(layout.daemonJson(), "{\"data-root\":\"" + root.resolve("data") + "\"}");
    Installer.plan(options.withDefault(true).withPodman(true).withPodmanHooks(true)).apply();
    Installer.planRemoval(options.withPodman(true)).apply();
    for (Path file : List.of(layout.shim(), layout.hook(), layout.shimConfig(), layout.unit())) {
      assertFalse(Files.exists(file), file.toString());
    }
    assertFalse(Files.exists(layout.programs()), "its directory");
    assertFalse(Files.exists(layout.shimConfig().getParent()), "its directory");
    assertFalse(Files.readString(layout.daemonJson()).contains("drawbridge"));
    assertTrue(Installer.planRemoval(options.withPodman(true)).steps().isEmpty());
  }

  @Test
  void uninstallingKeepsDirectoriesWithSomethingElseInThem() throws Exception {
    write(layout.daemonJson(), "{\"data-root\":\"" + root.resolve("data") + "\"}");
    Installer.plan(options.withDefault(true)).apply();
    Path policy = layout.shimConfig().resolveSibling("policy.d/a.policy");
    write(policy, "");
    InstallPlan plan = Installer.planRemoval(options);
    Path late = layout.programs().resolve("notes");
    write(late, "since the plan was made");
    plan.apply();
    assertTrue(Files.exists(policy));
    assertTrue(Files.exists(late));
    assertFalse(Files.exists(layout.shim()));
    assertTrue(Installer.planRemoval(options).steps().isEmpty());
  }

  @Test
  void uninstallingKeepsAPassThroughWhileContainersNameTheRuntime() throws Exception {
    Path data = root.resolve("data");
    write(layout.daemonJson(), "{\"data-root\":\"" + data + "\"}");
    Installer.plan(options.withDefault(true)).apply();
    write(data.resolve("containers/a1/hostconfig.json"), "{\"Runtime\":\"drawbridge\"}");
    write(data.resolve("containers/a1/config.v2.json"), "{\"Name\":\"/web\"}");
    write(data.resolve("containers/b2/hostconfig.json"), "{\"Runtime\":\"drawbridge\"}");
    write(data.resolve("containers/c3/hostconfig.json"), "{\"Runtime\":\"runc\"}");
    write(data.resolve("containers/d4/hostconfig.json"), "{broken");
    Path ofRemappedUsers = data.resolve("100000.100000/containers/e5/hostconfig.json");
    write(ofRemappedUsers, "{\"Runtime\":\"drawbridge\"}");
    InstallPlan plan = Installer.planRemoval(options);
    assertTrue(
        plan.notes().getFirst().endsWith("guards nothing: web, b2, e5"), plan.notes().getFirst());
    plan.apply();
    String daemon = Files.readString(layout.daemonJson());
    assertTrue(daemon.contains(layout.shim().toString()));
    assertFalse(daemon.contains("default-runtime"));
    assertTrue(Files.readString(layout.shimConfig()).contains("\npassthrough=true\n"));
    assertTrue(Files.exists(layout.shim()));

    Files.delete(data.resolve("containers/a1/hostconfig.json"));
    Files.delete(data.resolve("containers/b2/hostconfig.json"));
    Installer.planRemoval(options).apply();
    assertTrue(Files.exists(layout.shim()), "one of remapped users is left");
    Files.delete(ofRemappedUsers);
    Installer.planRemoval(options).apply();
    assertFalse(Files.exists(layout.shim()));
    assertFalse(Files.readString(layout.daemonJson()).contains("drawbridge"));
  }

  @Test
  void installingAgainAfterAPassThroughGuardsAgain() throws Exception {
    Path data = root.resolve("data");
    write(layout.daemonJson(), "{\"data-root\":\"" + data + "\"}");
    write(data.resolve("containers/a1/hostconfig.json"), "{\"Runtime\":\"drawbridge\"}");
    Installer.plan(options).apply();
    Installer.planRemoval(options).apply();
    Installer.plan(options).apply();
    assertFalse(Files.readString(layout.shimConfig()).contains("passthrough"));
    assertTrue(Files.exists(layout.unit()));
  }

  /** Each form of a configuration, and how it comes back. */
  @Test
  void aDaemonJsonComesBackByteForByte() throws Exception {
    for (String text :
        List.of(
            "",
            "  \n",
            "{}",
            "{\"x\":\"y\"}",
            "{ \"debug\" :true }\r\n\r\n",
            "{\"default-runtime\":\"runc\"}",
            "{\"runtimes\":{}}",
            "{\"n\":1.50e1,\"s\":\"\\u00e9é\"}")) {
      // dockerd, if there is one, is asked about each: not every mode with every text.
      for (String mode : List.of(text.isEmpty() ? "rw-rw----" : "r--r--r--")) {
        for (boolean linked : List.of(false, true)) {
          Path real = linked ? root.resolve("elsewhere/docker.json") : layout.daemonJson();
          write(real, text);
          Files.setPosixFilePermissions(real, PosixFilePermissions.fromString(mode));
          if (linked) {
            Files.createSymbolicLink(layout.daemonJson(), Path.of("../../elsewhere/docker.json"));
          }
          for (InstallOptions how : List.of(options.withDefault(linked))) {
            Installer.plan(how).apply();
            assertTrue(Files.readString(real).contains("drawbridge"));
            Installer.planRemoval(how).apply();
            assertEquals(text, Files.readString(real));
            assertEquals(mode, mode(real));
            assertEquals(linked, Files.isSymbolicLink(layout.daemonJson()));
            assertEquals(List.of(real.getFileName().toString()), names(real.resolveSibling(".")));
          }
          Files.delete(layout.daemonJson());
          Files.deleteIfExists(real);
        }
      }
    }
  }

  @Test
  void whereNothingWasInstalledNothingIsRemoved() throws Exception {
    for (String text : List.of("{\"default-runtime\":\"runc\"}", "{}", "", "{ \"x\":1 }")) {
      write(layout.daemonJson(), text);
      assertEquals(List.of(), Installer.planRemoval(options).steps(), text);
    }
  }

  @Test
  void aLinkThatLeadsToNoFileYetLeadsToNoneAgain() throws Exception {
    Path real = root.resolve("elsewhere/docker.json");
    Files.createDirectories(layout.daemonJson().resolveSibling("."));
    Files.createSymbolicLink(layout.daemonJson(), real);
    Installer.plan(options).apply();
    assertTrue(Files.readString(real).contains("drawbridge"));
    Installer.planRemoval(options).apply();
    assertTrue(Files.isSymbolicLink(layout.daemonJson()));
    assertFalse(Files.exists(real));
  }

  @Test
  void aFileThatWasNotThereGoesAlsoWhenContainersStoodInTheWayFirst() throws Exception {
    Path data = root.resolve("data");
    write(data.resolve("containers/a1/hostconfig.json"), "{\"Runtime\":\"drawbridge\"}");
    // The data root is named where only the running dockerd would say it: in the file, and out
    // again.
    Installer.plan(options.withDefault(true)).apply();
    String ours = Files.readString(layout.daemonJson());
    write(layout.daemonJson(), ours.replaceFirst("\\{", "{\"data-root\":\"" + data + "\","));
    Installer.planRemoval(options).apply();
    assertTrue(Files.exists(layout.shim()));
    Files.delete(data.resolve("containers/a1/hostconfig.json"));
    String left = Files.readString(layout.daemonJson());
    write(layout.daemonJson(), left.replaceFirst("\"data-root\": \"[^\"]*\",", ""));
    Installer.planRemoval(options).apply();
    assertFalse(Files.exists(layout.daemonJson()));
    assertFalse(Files.exists(layout.shim()));
  }

  @Test
  void anInstallThatFailsLeavesNothing() throws Exception {
    for (String text : List.of("{\"debug\": true}", "")) {
      write(layout.daemonJson(), text);
      Map<String, String> before = snapshot();
      InstallPlan plan =
          Installer.plan(options.withDefault(true).withPodman(true).withPodmanHooks(true));
      int last = plan.steps().size();
      for (int failing = 0; failing <= last; failing++) {
        List<Step> steps = new java.util.ArrayList<>(plan.steps());
        steps.add(failing, new Step.Copy(root.resolve("no-such-program"), root.resolve("x/y/z")));
        InstallPlan broken = new InstallPlan(steps, List.of(), List.of(), plan.whole());
        InstallException failed = assertThrows(InstallException.class, broken::apply);
        String said = String.valueOf(failed.getMessage());
        assertTrue(said.endsWith("nothing was changed"), said);
        assertEquals(before, snapshot(), "failing at step " + failing);
      }
    }
  }

  @Test
  void anInstallThatFailsLeavesTheOneBeforeItAsItWas() throws Exception {
    write(layout.daemonJson(), "{\"debug\": true}");
    Installer.plan(options).apply();
    Map<String, String> before = snapshot();
    List<Step> steps = new java.util.ArrayList<>(Installer.plan(options.withDefault(true)).steps());
    steps.add(new Step.Copy(root.resolve("no-such-program"), root.resolve("x")));
    var broken = new InstallPlan(steps, List.of(), List.of(), true);
    assertThrows(InstallException.class, broken::apply);
    assertEquals(before, snapshot());
  }

  @Test
  void pidFileThatIsStaleOrRubbishMeansNoReload() throws Exception {
    for (String text : List.of("", "x", "-1", "0", "1", "99999999999999999999")) {
      write(layout.dockerPidFile(), text);
      assertTrue(
          Installer.plan(options).steps().stream().noneMatch(Step.Reload.class::isInstance), text);
    }
  }

  @Test
  void flagsOfARunningDockerdAreReadInBothSpellings() {
    var host =
        new DockerHost(
            java.util.OptionalLong.of(1),
            List.of("dockerd", "--data-root=/a", "--data-root", "/b", "--debug", "--add-runtime"));
    assertEquals("/b", host.flag("data-root").orElse(""));
    assertTrue(host.flag("add-runtime").isEmpty());
    assertTrue(host.flag("data").isEmpty());
  }

  @Test
  void containerdComesBackByteForByteAndTheShimStaysForItsContainersOnce() throws Exception {
    String config =
        """
        # mine
        version = 2
        [plugins."io.containerd.grpc.v1.cri".containerd]
          default_runtime_name = 'runc'   # the one
        """;
    write(layout.containerdToml(), config);
    Map<String, String> before = snapshot();
    InstallOptions containerd = options.withContainerd(true).withDefault(true);
    Installer.plan(containerd).apply();
    String installed = Files.readString(layout.containerdToml());
    assertTrue(installed.contains("default_runtime_name = \"drawbridge\"   # the one"), installed);
    assertTrue(installed.contains("BinaryName = \"" + layout.shim() + "\""), installed);
    assertEquals(List.of(), Installer.plan(containerd).steps());
    InstallPlan removal = Installer.planRemoval(containerd);
    assertEquals(List.of(), removal.conflicts());
    removal.apply();
    assertEquals(config, Files.readString(layout.containerdToml()));
    assertTrue(Files.readString(layout.shimConfig()).contains("passthrough=true"));
    assertTrue(Files.exists(layout.shim()));
    Installer.planRemoval(containerd).apply();
    Map<String, String> after = snapshot();
    // Directories stay.
    before.values().removeIf(String::isEmpty);
    after.values().removeIf(String::isEmpty);
    assertEquals(before, after);
  }

  @Test
  void aCommentThatWasWrittenMeanwhileStays() throws Exception {
    String config =
        """
        version = 2
        [plugins."io.containerd.grpc.v1.cri".containerd]
          default_runtime_name = 'runc'   # the one
        """;
    write(layout.containerdToml(), config);
    InstallOptions containerd = options.withContainerd(true).withDefault(true);
    Installer.plan(containerd).apply();
    String installed = Files.readString(layout.containerdToml());
    write(layout.containerdToml(), "# written since\n" + installed);
    Installer.planRemoval(containerd).apply();
    String left = Files.readString(layout.containerdToml());
    assertTrue(left.startsWith("# written since\nversion = 2\n"), left);
    assertFalse(left.contains("drawbridge"), left);
  }

  @Test
  void aConfigurationOfContainerdThatWasNotThereGoesAgain() throws Exception {
    InstallOptions containerd = options.withContainerd(true);
    Installer.plan(containerd).apply();
    assertTrue(Files.readString(layout.containerdToml()).startsWith("version = 2\n"));
    Installer.planRemoval(containerd).apply();
    assertFalse(Files.exists(layout.containerdToml()));
  }

  @Test
  void kataBehindTheShimIsAConflictThatChangesNothing() throws Exception {
    write(
        layout.containerdToml(),
        """
        version = 3
        [plugins."io.containerd.cri.v1.runtime".containerd]
          default_runtime_name = "kata"
        [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.kata]
          runtime_type = "io.containerd.kata.v2"
        """);
    Map<String, String> before = snapshot();
    InstallPlan plan = Installer.plan(options.withContainerd(true).withDefault(true));
    assertTrue(
        plan.conflicts().stream().anyMatch(why -> why.contains("io.containerd.kata.v2")),
        plan.conflicts().toString());
    assertThrows(InstallException.class, plan::apply);
    assertEquals(before, snapshot());
  }

  @Test
  void containerdsContainersStartAfterAnUninstallThatLeavesDockerAlone() throws Exception {
    InstallOptions containerd = options.withContainerd(true).withDocker(false);
    write(layout.containerdToml(), "version = 2\n");
    Installer.plan(containerd).apply();
    assertFalse(Files.readString(layout.shimConfig()).contains("passthrough"));
    Installer.planRemoval(containerd).apply();
    assertTrue(Files.readString(layout.shimConfig()).contains("\npassthrough=true\n"));
    assertTrue(Files.exists(layout.shim()));
  }

  @Test
  void whereDockerUsesTheShimItGoesOnGuarding() throws Exception {
    write(layout.containerdToml(), "version = 2\n");
    Installer.plan(options.withContainerd(true)).apply();
    InstallPlan removal = Installer.planRemoval(options.withContainerd(true).withDocker(false));
    removal.apply();
    assertFalse(Files.readString(layout.shimConfig()).contains("passthrough"));
    assertTrue(
        removal.notes().stream().anyMatch(note -> note.contains("only while an agent answers")),
        removal.notes().toString());
  }

  @Test
  void theRuntimeBehindTheShimIsNotChangedBehindTheOtherEnginesBack() throws Exception {
    String crun =
        "{\"default-runtime\":\"crun\",\"runtimes\":{\"crun\":{\"path\":\"/usr/bin/crun\"}}}";
    write(layout.daemonJson(), crun);
    write(layout.containerdToml(), "version = 2\n");
    Installer.plan(options.withDefault(true)).apply();
    InstallPlan second = Installer.plan(options.withContainerd(true).withDocker(false));
    assertTrue(
        second.conflicts().stream()
            .anyMatch(why -> why.contains("/usr/bin/crun for Docker") && why.contains("is runc")),
        second.conflicts().toString());

    Installer.planRemoval(options).apply();
    write(layout.daemonJson(), crun);
    Installer.plan(options.withContainerd(true).withDocker(false)).apply();
    InstallPlan other = Installer.plan(options.withDefault(true));
    assertTrue(
        other.conflicts().stream()
            .anyMatch(why -> why.contains("runc for containerd") && why.contains("/usr/bin/crun")),
        other.conflicts().toString());
    write(layout.daemonJson(), "{}");
    assertEquals(List.of(), Installer.plan(options.withDefault(true)).conflicts());
  }

  @Test
  void whereTheCriIsOffContainerdsFileStays() throws Exception {
    String docker = "disabled_plugins = [\"cri\"]\nversion = 2\n";
    write(layout.containerdToml(), docker);
    InstallPlan plan = Installer.plan(options.withContainerd(true));
    plan.apply();
    assertEquals(docker, Files.readString(layout.containerdToml()));
    assertTrue(plan.notes().stream().anyMatch(note -> note.contains("switched off")));
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.resolveSibling("."));
    Files.writeString(file, text);
  }

  private static List<String> names(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  private Map<String, String> snapshot() throws IOException {
    Map<String, String> all = new TreeMap<>();
    try (var files = Files.walk(root)) {
      for (Path file : files.toList()) {
        all.put(file.toString(), Files.isRegularFile(file) ? Files.readString(file) : "");
      }
    }
    return all;
  }
}
