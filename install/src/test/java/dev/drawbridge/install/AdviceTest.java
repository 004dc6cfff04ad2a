package dev.drawbridge.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** 12.D1: whoever does what a refusal says, to the letter, has it installed. */
final class AdviceTest {
  @TempDir Path root;
  private Layout layout;
  private InstallOptions options;
  private final List<Process> daemons = new ArrayList<>();

  @BeforeEach
  void prepare() throws Exception {
    layout = Layout.under(root);
    Path built = Files.createDirectories(root.resolve("built"));
    for (String program : List.of("drawbridge-hook", "drawbridge-runc", "drawbridge-agent")) {
      Files.writeString(built.resolve(program), program);
      Files.setPosixFilePermissions(
          built.resolve(program), PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    options = InstallOptions.of(built).withLayout(layout).withReload(false);
  }

  @AfterEach
  void stopDaemons() throws Exception {
    for (Process daemon : daemons) {
      daemon.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }
  }

  private void write(Path file, String text) throws Exception {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  /** What a dockerd looks like that was started with these flags; it does nothing. */
  private void dockerd(String... flags) throws Exception {
    stopDaemons();
    Path program = root.resolve("dockerd");
    Files.writeString(program, "#!/bin/sh\nread line\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(flags));
    Process daemon = new ProcessBuilder(command).start();
    daemons.add(daemon);
    for (int i = 0; i < 100 && !DockerHost.isDockerd(daemon.pid()); i++) {
      Thread.sleep(50);
    }
    assertTrue(DockerHost.isDockerd(daemon.pid()), "not seen within 5 s");
    write(layout.dockerPidFile(), Long.toString(daemon.pid()));
  }

  private String onlyConflict(InstallOptions asked) throws Exception {
    List<String> conflicts = Installer.plan(asked).conflicts();
    assertEquals(1, conflicts.size(), conflicts::toString);
    return conflicts.getFirst();
  }

  private void installs(InstallOptions asked) throws Exception {
    InstallPlan plan = Installer.plan(asked);
    assertEquals(List.of(), plan.conflicts());
    plan.apply();
    assertTrue(Files.readString(layout.daemonJson()).contains(layout.shim().toString()));
  }

  @Test
  @DisplayName("12.D1 a runtime that stands on dockerd's command line is moved into daemon.json")
  void aRuntimeOfTheCommandLine() throws Exception {
    dockerd("--add-runtime", "crun=/usr/bin/crun");
    String advice = onlyConflict(options);
    assertTrue(advice.contains("--add-runtime crun=/usr/bin/crun: move it into \"runtimes\" of "));
    assertTrue(advice.contains(layout.daemonJson().toString()), advice);
    write(layout.daemonJson(), "{\"runtimes\": {\"crun\": {\"path\": \"/usr/bin/crun\"}}}\n");
    dockerd();
    installs(options);
    assertTrue(Files.readString(layout.daemonJson()).contains("/usr/bin/crun"));
  }

  @Test
  @DisplayName("12.D1 a default runtime that stands on dockerd's command line is moved too")
  void aDefaultOfTheCommandLine() throws Exception {
    dockerd("--default-runtime=crun");
    write(layout.daemonJson(), "{\"runtimes\": {\"crun\": {\"path\": \"/usr/bin/crun\"}}}\n");
    String advice = onlyConflict(options.withDefault(true));
    assertTrue(advice.contains("--default-runtime crun: move it into " + layout.daemonJson()));
    write(
        layout.daemonJson(),
        "{\"default-runtime\": \"crun\", \"runtimes\": {\"crun\": {\"path\": \"/usr/bin/crun\"}}}\n");
    dockerd();
    installs(options.withDefault(true));
    assertTrue(Files.readString(layout.shimConfig()).contains("runtime=/usr/bin/crun"));
  }

  @Test
  @DisplayName("12.D1 a dockerd that reads another file is given the usual one")
  void anotherConfigurationFile() throws Exception {
    Path other = root.resolve("other.json");
    write(other, "{\"debug\": true}\n");
    dockerd("--config-file", other.toString());
    String advice = onlyConflict(options);
    assertTrue(advice.contains("dockerd reads " + other + " instead of " + layout.daemonJson()));
    assertTrue(advice.endsWith("move it there and start dockerd without --config-file"), advice);
    Files.createDirectories(layout.daemonJson().getParent());
    Files.move(other, layout.daemonJson());
    dockerd();
    installs(options);
    assertTrue(Files.readString(layout.daemonJson()).contains("\"debug\": true"));
  }

  @Test
  @DisplayName("12.D1 a default runtime that cannot stand behind the shim: without --default")
  void aDefaultThatCannotBeChainedTo() throws Exception {
    write(
        layout.daemonJson(),
        "{\"default-runtime\": \"kata\", \"runtimes\": {\"kata\": {\"runtimeType\": \"io.containerd.kata.v2\"}}}\n");
    String advice = onlyConflict(options.withDefault(true));
    assertTrue(advice.contains("Install without --default, and name the runtime drawbridge"));
    installs(options);
    assertTrue(Files.readString(layout.daemonJson()).contains("\"default-runtime\": \"kata\""));
  }

  @Test
  @DisplayName("12.D1 a daemon.json that cannot be read is mended, and then it goes")
  void aBrokenFile() throws Exception {
    write(layout.daemonJson(), "{\"debug\": true,}\n");
    assertTrue(onlyConflict(options).endsWith(". Mend it, then do this again"));
    write(layout.daemonJson(), "{\"debug\": true}\n");
    installs(options);
  }

  @Test
  @DisplayName("12.D1 an agent.json that cannot be read is left alone until it is mended or moved")
  void aBrokenAgentJson() throws Exception {
    Path file = root.resolve("agent.json");
    for (boolean moved : new boolean[] {false, true}) {
      write(file, "{\"runDir\": ");
      InstallException refused =
          assertThrows(
              InstallException.class,
              () -> AgentJson.update(file, java.util.Map.of("runDir", "/run/x")));
      String said = String.valueOf(refused.getMessage());
      assertTrue(said.contains("is left alone"), said);
      assertEquals("{\"runDir\": ", Files.readString(file));
      if (moved) {
        Files.move(file, root.resolve("moved.json"));
      } else {
        Files.writeString(file, "{\"runDir\": \"/mine\"}");
      }
      assertEquals(
          moved ? 0 : 1, AgentJson.update(file, java.util.Map.of("runDir", "/run/x")).size());
      assertTrue(Files.readString(file).contains(moved ? "/run/x" : "/mine"));
    }
  }
}
