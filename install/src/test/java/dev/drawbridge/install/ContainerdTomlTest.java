package dev.drawbridge.install;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContainerdTomlTest {
  private static final String SHIM = "/usr/libexec/drawbridge/drawbridge-runc";

  /** As Debian's package has it. */
  private static final String DEBIAN =
      """
      version = 2

      [plugins]
        [plugins."io.containerd.grpc.v1.cri"]
          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = "/usr/lib/cni"
            conf_dir = "/etc/cni/net.d"
        [plugins."io.containerd.internal.v1.opt"]
          path = "/var/lib/containerd"
      """;

  private static final String WRITTEN =
      """
      # ours
      version = 3
      [plugins.'io.containerd.cri.v1.runtime'.containerd]
        # which one
        default_runtime_name = 'crun' # the quick one
        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.crun]
          runtime_type = 'io.containerd.runc.v2'
          [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.crun.options]
            BinaryName = '/usr/bin/crun'
            SystemdCgroup = true
      """;

  private static ContainerdToml good(ContainerdToml.Reading reading) {
    return assertInstanceOf(ContainerdToml.Reading.Good.class, reading, reading::toString).file();
  }

  private static ContainerdToml file(String text) {
    return good(ContainerdToml.parse(text));
  }

  private static String why(ContainerdToml.Reading reading) {
    return assertInstanceOf(ContainerdToml.Reading.Bad.class, reading).why();
  }

  @Test
  void theRuntimeIsAddedAfterWhatIsThere() {
    ContainerdToml after = good(file(DEBIAN).with(SHIM, "runc", false));
    assertEquals(
        DEBIAN
            + """

            # drawbridge install: begin
            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.drawbridge]
              runtime_type = "io.containerd.runc.v2"
              [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.drawbridge.options]
                BinaryName = "/usr/libexec/drawbridge/drawbridge-runc"
            # drawbridge install: end
            """,
        after.text());
    assertEquals(Optional.empty(), after.defaultRuntime());
    assertEquals(after.text(), good(after.with(SHIM, "runc", false)).text(), "twice is once");
  }

  @Test
  void theDefaultIsChangedInItsLineAndBothComeBack() {
    ContainerdToml after = good(file(WRITTEN).with(SHIM, "crun", true));
    assertTrue(
        after.text().contains("\n  default_runtime_name = \"drawbridge\" # the quick one\n"),
        after.text());
    assertTrue(after.text().contains("    SystemdCgroup = true\n# drawbridge"), after.text());
    assertEquals(
        WRITTEN.replace("'crun' #", "\"crun\" #"),
        after.without(Optional.of("crun")).orElseThrow().text());
  }

  @Test
  void theRuntimeHasEverySettingOfTheOneWhosePlaceItTakes() {
    String settings =
        """
          base_runtime_spec = "/etc/containerd/\\"own\\".json"
          cni_conf_dir = '/etc/cni/other'
          pod_annotations = ["drawbridge.*", 'x"y']
          privileged_without_host_devices = true
          cni_max_conf_num = 3
        """;
    String text =
        WRITTEN.replace(
            "  runtime_type = 'io.containerd.runc.v2'\n",
            "  runtime_type = 'io.containerd.runc.v2'\n" + settings);
    String after = good(file(text).with(SHIM, "crun", true)).text();
    String ours = after.substring(after.indexOf("# drawbridge install: begin"));
    for (String line :
        new String[] {
          "  base_runtime_spec = \"/etc/containerd/\\\"own\\\".json\"\n",
          "  cni_conf_dir = \"/etc/cni/other\"\n",
          "  pod_annotations = [\"drawbridge.*\", \"x\\\"y\"]\n",
          "  privileged_without_host_devices = true\n",
          "  cni_max_conf_num = 3\n",
          "    SystemdCgroup = true\n",
          "    BinaryName = \"" + SHIM + "\"\n"
        }) {
      assertEquals(2, ours.split(java.util.regex.Pattern.quote(line), -1).length, line + ours);
    }
    assertEquals(1, ours.split("runtime_type", -1).length - 1, ours);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "runtime_path = '/opt/other-shim'",
        "since = 1979-05-27",
        "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.crun.more]\n  x = 1"
      })
  void aSettingThatIsNotTakenOverIsAConflict(String setting) {
    String text =
        WRITTEN.replace(
            "  runtime_type = 'io.containerd.runc.v2'\n",
            "  runtime_type = 'io.containerd.runc.v2'\n" + setting + "\n");
    String said = why(file(text).with(SHIM, "crun", true));
    assertTrue(said.contains("not taken over"), said);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        DEBIAN,
        "",
        "version = 2",
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n  snapshotter = \"native\"\n",
        "version = 3\n# nothing else\n"
      })
  void whatHasNoDefaultGetsOneAndLosesItAgain(String text) {
    ContainerdToml after = good(file(text).with(SHIM, "runc", true));
    assertEquals(Optional.of("drawbridge"), after.defaultRuntime());
    assertEquals(Optional.of(SHIM), after.registered());
    ContainerdToml back = after.without(Optional.empty()).orElseThrow();
    assertEquals(Optional.empty(), back.defaultRuntime());
    assertEquals(Optional.empty(), back.registered());
    assertTrue(back.saysTheSameAs(text.isEmpty() ? "version = 2" : text), back.text());
    ContainerdToml later =
        good(good(file(text).with(SHIM, "runc", false)).with(SHIM, "runc", true));
    assertEquals(Optional.of("drawbridge"), later.defaultRuntime());
    assertTrue(
        later
            .without(Optional.empty())
            .orElseThrow()
            .saysTheSameAs(text.isEmpty() ? "version = 2" : text));
  }

  @Test
  void whatSomebodyWroteAfterwardsStays() {
    String after =
        good(file(DEBIAN).with(SHIM, "runc", false)).text() + "[debug]\n  level = \"info\"\n";
    assertEquals(
        DEBIAN + "[debug]\n  level = \"info\"\n",
        file(after).without(Optional.empty()).orElseThrow().text());
  }

  @Test
  void whatRunsBehindARuntimeIsRuncsOrNothing() {
    assertEquals(new DaemonJson.Target.Program("/usr/bin/crun"), file(WRITTEN).program("crun"));
    assertEquals(new DaemonJson.Target.Program("runc"), file(DEBIAN).program("runc"));
    assertInstanceOf(
        DaemonJson.Target.Unsuitable.class,
        file("version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.kata]\n"
                + "runtime_type = \"io.containerd.kata.v2\"\n")
            .program("kata"));
    assertInstanceOf(DaemonJson.Target.Unsuitable.class, file(DEBIAN).program("gone"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "version = 1\n",
        "[plugins]\n",
        "version = 4\n",
        "version = \"2\"\n",
        "version = 2\nversion = 2\n",
        "version = \n"
      })
  void whatIsNoConfigurationOfThatVersionIsLeftAlone(String text) {
    String _ = why(ContainerdToml.parse(text));
  }

  @Test
  void whatCannotBeAddedToIsLeftAlone() {
    assertTrue(
        why(file("version = 2\nplugins = {}\n").with(SHIM, "runc", false)).contains("by hand"));
    assertTrue(
        why(file(good(file(DEBIAN).with("/other", "runc", false)).text()).with(SHIM, "runc", false))
            .contains("/other"));
  }

  @Test
  void saysWhetherTheCriIsOff() {
    assertTrue(file("version = 2\ndisabled_plugins = [\"cri\"]\n").criIsOff());
    assertTrue(!file(DEBIAN).criIsOff());
  }
}
