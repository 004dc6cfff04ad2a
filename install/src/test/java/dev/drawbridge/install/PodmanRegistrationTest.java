package dev.drawbridge.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Podman below a directory of the test's own. What it reads is asked of a real one in {@code it}.
 */
final class PodmanRegistrationTest {
  @TempDir private Path root;
  private Layout layout;
  private InstallOptions options;

  @BeforeEach
  void prepare() throws Exception {
    layout = Layout.under(root.resolve("host"));
    Path built = Files.createDirectories(root.resolve("built"));
    Files.writeString(built.resolve("drawbridge-hook"), "hook");
    Files.writeString(built.resolve("drawbridge-runc"), "shim");
    options =
        InstallOptions.of(built)
            .withLayout(layout)
            .withDocker(false)
            .withSystemd(false)
            .withPodman(true);
    program("usr/bin/runc");
    program("usr/bin/crun");
  }

  private void program(String path) throws Exception {
    write(path, "");
    Files.setPosixFilePermissions(layout.under(path), PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private void write(String path, String text) throws Exception {
    Path file = layout.under(path);
    Files.createDirectories(StepExecutor.parent(file));
    Files.writeString(file, text);
  }

  private Map<String, String> files() throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> walk = Files.walk(layout.root())) {
      for (Path file : walk.filter(Files::isRegularFile).toList()) {
        files.put(layout.root().relativize(file).toString(), Files.readString(file));
      }
    }
    return files;
  }

  private String behind() throws InstallException {
    return ShimConfig.runtime(Changes.text(layout.podmanShimConfig())).orElse("none");
  }

  @Test
  void installAndUninstallTwentyTimesLeavesEveryFileAsItWas() throws Exception {
    write("etc/containers/containers.conf", "# mine\n[engine]\nruntime = \"crun\"\n");
    Map<String, String> before = files();
    for (int i = 0; i < 20; i++) {
      InstallOptions now = options.withDefault(i % 2 == 0);
      Installer.plan(now).apply();
      assertEquals(i % 2 == 0, Files.readString(layout.podmanConf()).contains("runtime = \"draw"));
      assertEquals("/usr/bin/crun", behind());
      assertEquals(List.of(), Installer.plan(now).steps());
      Installer.planRemoval(now.withDocker(true)).apply();
      assertEquals(before, files());
    }
  }

  @Test
  void theShimHandsOverToWhatPodmanWouldHaveRun() throws Exception {
    Installer.plan(options).apply();
    assertEquals("/usr/bin/runc", behind(), "no unified hierarchy, which crun insists on");
    write("sys/fs/cgroup/cgroup.controllers", "");
    Installer.plan(options).apply();
    assertEquals("/usr/bin/crun", behind());
    program("opt/run/other");
    write(
        "usr/share/containers/containers.conf",
        "[engine]\nruntime=\"other\"\n[engine.runtimes]\nother=[\"/nowhere\",\"/opt/run/other\"]\n");
    Installer.plan(options).apply();
    assertEquals("/opt/run/other", behind());
    write("etc/containers/containers.conf.d/50-mine.conf", "[engine]\nruntime = \"runc\"\n");
    Installer.plan(options.withDefault(true)).apply();
    assertEquals("/usr/bin/runc", behind());
    Installer.plan(options.withDefault(true)).apply();
    assertEquals("/usr/bin/runc", behind(), "its own file is not what was there before");
  }

  @Test
  void whatCannotBeIsAConflictAndNothingIsWritten() throws Exception {
    for (String text :
        List.of(
            "[engine]\nruntime = \"runsc\"\n",
            "[engine]\nruntime = \"/usr/bin/kata-runtime\"\n",
            "[engine]\nruntime = \"nowhere\"\n",
            "[engine\n")) {
      write("etc/containers/containers.conf", text);
      InstallPlan plan = Installer.plan(options);
      assertFalse(plan.conflicts().isEmpty(), text);
    }
    write("etc/containers/containers.conf", "");
    write("etc/containers/containers.conf.d/99-mine.conf", "[engine]\nruntime = \"runc\"\n");
    assertEquals(List.of(), Installer.plan(options).conflicts());
    List<String> later = Installer.plan(options.withDefault(true)).conflicts();
    assertTrue(later.getFirst().contains("99-mine.conf is read after"), later.toString());
  }

  @Test
  void hooksAreAnAdditionOfTheirOwn() throws Exception {
    Installer.plan(options.withPodman(false).withPodmanHooks(true)).apply();
    assertTrue(Files.exists(layout.podmanHooks().resolve("drawbridge-createRuntime.json")));
    assertFalse(Files.exists(layout.podmanConf()));
    Installer.planRemoval(options).apply();
    assertFalse(Files.exists(layout.podmanHooks().resolve("drawbridge-createRuntime.json")));
  }
}
