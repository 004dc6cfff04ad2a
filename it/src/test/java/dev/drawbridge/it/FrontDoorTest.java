package dev.drawbridge.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.testkit.Output;
import dev.drawbridge.testkit.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The functions of the front door, in a tree of their own; nothing is installed or started. */
class FrontDoorTest {
  private static final Path CHECKOUT =
      Path.of(String.valueOf(System.getProperty("drawbridge.checkout")));
  private static final Path JDK_FUNCTIONS = CHECKOUT.resolve("daemon/src/main/dist/libexec/jdk.sh");

  @TempDir Path top;
  private Path jdk;

  @BeforeEach
  void makeJdk() throws IOException {
    jdk = top.resolve("opt/jdk-25");
    for (String file :
        List.of("bin/java", "bin/javac", "lib/modules", "lib/server/libjvm.so", "release")) {
      Files.createDirectories(jdk.resolve(file).getParent());
      Files.writeString(jdk.resolve(file), "JAVA_VERSION=\"25.0.1\"\n");
      mode(file.startsWith("bin") ? "rwxr-xr-x" : "rw-r--r--", jdk.resolve(file));
    }
    for (String directory : List.of("bin", "lib", "lib/server", "", "..")) {
      mode("rwxr-xr-x", jdk.resolve(directory).normalize());
    }
  }

  private static void mode(String mode, Path... paths) throws IOException {
    for (Path path : paths) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }
  }

  private static Output sh(String script, String... arguments) {
    List<String> command = new ArrayList<>(List.of("sh", "-euc", script, "sh"));
    command.addAll(List.of(arguments));
    return Shell.run(Shell.DEADLINE, Map.of(), command);
  }

  private static String must(String script, String... arguments) {
    Output output = sh(script, arguments);
    assertEquals(0, output.status(), output.text());
    return output.out().strip();
  }

  private static String self() {
    return must("id -u");
  }

  /** What stands in the way of the JDK for whoever has that uid. */
  private String foreign(String uid) {
    return must(
        ". \"$1\"; jdk_foreign \"$2\" \"$3\" \"$4\"",
        JDK_FUNCTIONS.toString(),
        jdk.toString(),
        uid,
        top.toString());
  }

  @Test
  void aJdkThatNobodyElseCanWriteIsTrusted() {
    assertEquals("", foreign(self()));
  }

  @Test
  void aJdkOfAnotherUserIsNot() throws IOException {
    if (self().equals("0")) {
      Files.setAttribute(jdk, "unix:uid", 1000);
      assertEquals(jdk + " belongs to uid 1000", foreign("0"));
    } else {
      assertTrue(foreign("54321").endsWith(" belongs to uid " + self()));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "..",
        "bin",
        "bin/java",
        "bin/javac",
        "release",
        "lib",
        "lib/modules",
        "lib/server",
        "lib/server/libjvm.so"
      })
  void oneThatOthersCanWriteIsNotWhicheverPartOfIt(String part) throws IOException {
    Path place = jdk.resolve(part).normalize();
    for (String mode : List.of("rwxrwxr-x", "rwxr-xrwx")) {
      mode(mode, place);
      String why = foreign(self());
      assertTrue(why.startsWith(place + " may be written to by others"), why);
    }
  }

  @Test
  void noHomeDirectoryIsAmongTheUsualPlaces() throws IOException {
    for (String home : List.of("home/u/.sdkman/candidates/java/25.0", "home/u/.jdks/temurin-25")) {
      Files.createDirectories(top.resolve(home));
    }
    String usual = must(". \"$1\"; jdk_usual \"$2\"", JDK_FUNCTIONS.toString(), top.toString());
    assertEquals(Set.of(jdk.toString()), Set.copyOf(usual.lines().toList()));
  }

  /** The search of the launchers and of the front door, in this tree instead of the host's. */
  private String found(String named, String more) {
    return must(
        """
        . "$1"
        jdk_usual() { :; }
        eval "$(sed -n '/^jdk_foreign()/,/^}/p' "$1" | sed 's/^jdk_foreign/jdk_real_foreign/')"
        jdk_foreign() { jdk_real_foreign "$1" "$2" "$top"; }
        top=$2
        if jdk_find javac "$3" "$4"; then echo "$jdk_home"; else echo "none$jdk_passed"; fi
        """,
        JDK_FUNCTIONS.toString(),
        top.toString(),
        named,
        more);
  }

  @Test
  void whatIsNamedIsTakenWhoeverOwnsIt() throws IOException {
    mode("rwxrwxrwx", jdk);
    assertEquals(jdk.toString(), found(jdk.toString(), ""));
  }

  @Test
  void whatIsOnlyFoundIsPassedOverAndTheReasonSaid() throws IOException {
    mode("rwxrwxrwx", jdk);
    assertEquals(
        "none; " + jdk + " was passed over: " + jdk + " may be written to by others (mode 777)",
        found("", jdk.toString()));
  }

  @Test
  void aLinkIsFollowedOnceAndItsTargetUsed() throws IOException {
    Path link = Files.createSymbolicLink(top.resolve("java"), jdk);
    assertEquals(jdk.toRealPath().toString(), found("", link.toString()));
  }

  @Test
  void anotherVersionIsNotTaken() throws IOException {
    Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"17.0.1\"\n");
    assertEquals("none", found(jdk.toString(), jdk.toString()));
  }

  /** Sources decide about a build; tests, and modules that the build does not have, do not. */
  @Test
  void onlySourcesOfWhatIsBuiltCauseABuild() throws IOException {
    Path root = Files.createDirectory(top.resolve("checkout"));
    for (String file :
        List.of(
            "pom.xml",
            "a/pom.xml",
            "a/src/main/java/A.java",
            "a/src/test/java/T.java",
            "it/src/test/java/T.java",
            "it/pom.xml",
            "bench/src/main/java/B.java")) {
      Files.createDirectories(root.resolve(file).getParent());
      Files.writeString(root.resolve(file), "");
    }
    Path stamp = Files.writeString(top.resolve("built"), "");
    must("find \"$1\" -exec touch -d '1 hour ago' {} +", root.toString());
    assertEquals("same", changed(root, stamp));
    for (String test :
        List.of("a/src/test/java/T.java", "it/pom.xml", "bench/src/main/java/B.java")) {
      must("touch -d '1 hour' \"$1\"", root.resolve(test).toString());
      assertEquals("same", changed(root, stamp), test);
    }
    must("touch -d '1 hour' \"$1\"", root.resolve("a/src/main/java/A.java").toString());
    assertEquals("changed", changed(root, stamp));
    Files.delete(stamp);
    assertEquals("changed", changed(root, stamp));
  }

  private static String changed(Path root, Path stamp) {
    return must(
        ". \"$1\"; root=$2; if sources_changed \"$3\" bench; then echo changed; else echo same; fi",
        CHECKOUT.resolve("install/door/build.sh").toString(),
        root.toString(),
        stamp.toString());
  }

  /** What the front door of a Debian would install that knows these packages, with programs. */
  private String missing(String wanted, String known, String programs) throws IOException {
    Path bin = Files.createDirectories(top.resolve("programs"));
    must("rm -f \"$1\"/*", bin.toString());
    for (String program : ("dpkg-query apt-cache " + programs).strip().split(" +", -1)) {
      Path file =
          Files.writeString(
              bin.resolve(program),
              program.equals("apt-cache")
                  ? "#!/bin/sh\ncase ' " + known + " ' in *\" $2 \"*) ;; *) exit 100 ;; esac\n"
                  : "#!/bin/sh\nexit 1\n");
      mode("rwxr-xr-x", file);
    }
    return must(
        ". \"$1\"; PATH=$3; look_for_packages $2; echo $missing",
        CHECKOUT.resolve("install/door/packages.sh").toString(),
        wanted,
        bin.toString());
  }

  @Test
  void aProgramFromElsewhereKeepsDebiansPackageOut() throws IOException {
    String wanted = "docker.io=dockerd docker-cli=docker? runc=runc curl";
    assertEquals("docker.io docker-cli runc curl", missing(wanted, "docker-cli docker.io", ""));
    assertEquals("docker.io runc curl", missing(wanted, "docker.io", ""));
    assertEquals("curl", missing(wanted, "docker-cli docker.io", "dockerd docker runc"));
    assertEquals("curl", missing("curl curl", "", ""));
  }

  @Test
  void helpNeedsNeitherRootNorABuild() {
    for (String command : List.of("help", "up --help", "up -h", "down --help")) {
      Output output = sh("\"$1\" " + command, CHECKOUT.resolve("drawbridge").toString());
      assertEquals(0, output.status(), output.text());
      assertTrue(output.out().startsWith("usage: "), output.text());
    }
    assertEquals(1, sh("\"$1\" down --all", CHECKOUT.resolve("drawbridge").toString()).status());
  }

  /** What a purge removes, and what not, with the places moved into this tree. */
  private String purge(String policies) {
    return must(
        """
        say() { :; }
        . "$1"
        state=$2/state etc=$2/etc shim=$2/libexec/drawbridge-runc policies=$3
        daemon_json=$2/daemon.json
        purge
        cd "$2" && find state etc libexec -type f 2>/dev/null | sort | tr '\\n' ' '
        """,
        CHECKOUT.resolve("install/door/life.sh").toString(),
        top.toString(),
        policies);
  }

  private void installed() throws IOException {
    for (String file :
        List.of(
            "state/agent.json",
            "state/install.json",
            "state/dist/bin/drawbridge",
            "state/last-good-policy/a.policy",
            "etc/shim.conf",
            "etc/policy.d/a.policy",
            "libexec/drawbridge-runc")) {
      Files.createDirectories(top.resolve(file).getParent());
      Files.writeString(top.resolve(file), "");
    }
  }

  @Test
  void aPurgeThatContainersStandInTheWayOfCanBeFinished() throws IOException {
    installed();
    assertEquals(
        "etc/policy.d/a.policy etc/shim.conf libexec/drawbridge-runc state/dist/bin/drawbridge"
            + " state/install.json",
        purge(""));
    Files.delete(top.resolve("libexec/drawbridge-runc"));
    assertEquals("etc/policy.d/a.policy", purge(""));
  }

  /** Podman has a shim of its own, which may be remembered when Docker's is not any more. */
  @Test
  void aPurgeLeavesWhatPodmansContainersStartBy() throws IOException {
    installed();
    Files.delete(top.resolve("libexec/drawbridge-runc"));
    Files.createDirectories(top.resolve("libexec/podman"));
    Files.writeString(top.resolve("libexec/podman/drawbridge-runc"), "");
    Files.writeString(top.resolve("libexec/podman/shim.conf"), "");
    assertEquals(
        "etc/policy.d/a.policy etc/shim.conf libexec/podman/drawbridge-runc libexec/podman/shim.conf"
            + " state/dist/bin/drawbridge state/install.json",
        purge(""));
  }

  /**
   * An up whose registration fails, with the places moved into this tree and with a shell for an
   * agent; what is left of the tree, and whether the agent is.
   */
  private String failingUp() {
    return must(
        """
        say() { :; }
        die() { exit 1; }
        need_root() { :; }
        for_build() { :; }
        need_packages_and_jdk() { :; }
        build() { :; }
        . "$1"
        root=$2/root dist=$2/dist lab=$2/lab state=$2/state run=$2/run etc=$2/etc bpffs=$2/bpffs
        engine_packages=
        mkdir -p "$root/target" "$dist/bin"
        configure_agent() { [ -e "$state/agent.json" ] || : >"$state/agent.json"; }
        start_agent() { spawn agent sleep 300; pid_of agent >"$root/pid"; : >"$state/exempt"; }
        client() { [ "$1" != install ]; }
        detach() { rm -rf "$bpffs/drawbridge"; }
        start_engine() { mkdir -p "$bpffs/drawbridge"; }
        (up) && exit 9
        cd "$2" && find state etc run bpffs/drawbridge 2>/dev/null | sort | tr '\\n' ' '
        if kill -0 "$(cat "$root/pid")" 2>/dev/null; then echo "the agent is left"; fi
        """,
        CHECKOUT.resolve("install/door/life.sh").toString(),
        top.toString());
  }

  /** A build of Maven's, as far as its words go. */
  private Output build(int status) {
    return sh(
        """
        say() { printf '%s\\n' "drawbridge: $*"; }
        die() { say "$@"; exit 1; }
        took() { :; }
        . "$1"
        root=$2 dist=$2/dist lab=$2/lab build_log=$2/build.log status=$3
        cd "$root"
        maven() {
          printf '%s\\n' '[INFO] Building bpf 1.0  [2/14]' '[INFO] noise' '[INFO] Building daemon 1.0  [9/14]' \
            '[ERROR] it broke'
          return "$status"
        }
        build_modules "$2/stamp" daemon -o 2>&1
        """,
        CHECKOUT.resolve("install/door/build.sh").toString(),
        top.toString(),
        Integer.toString(status));
  }

  /** Issue 12, D2. */
  @Test
  void aBuildThatTakesMinutesSaysWhereItIsAndWhereItsLogIs() throws IOException {
    Output built = build(0);
    assertEquals(0, built.status(), built.text());
    assertTrue(built.out().contains("Maven's log: " + top.resolve("build.log")), built::out);
    assertTrue(built.out().contains("building bpf (2/14)"), built::out);
    assertTrue(built.out().contains("building daemon (9/14)"), built::out);
    assertTrue(Files.readString(top.resolve("build.log")).contains("noise"));

    Output failed = build(1);
    assertEquals(1, failed.status(), failed.text());
    assertTrue(failed.out().contains("[ERROR] it broke"), failed::out);
    assertTrue(failed.out().contains("the whole log: " + top.resolve("build.log")), failed::out);
  }

  @Test
  void anUpThatFailsLeavesNothing() {
    assertEquals("", failingUp());
  }

  @Test
  void anUpThatFailsLeavesWhatWasThereBefore() throws IOException {
    for (String file :
        List.of("state/agent.json", "etc/policy.d/a.policy", "bpffs/drawbridge/guard", "run/x")) {
      Files.createDirectories(top.resolve(file).getParent());
      Files.writeString(top.resolve(file), "");
    }
    assertEquals(
        "bpffs/drawbridge bpffs/drawbridge/guard etc etc/policy.d etc/policy.d/a.policy run"
            + " run/agent.log run/x state state/agent.json state/exempt",
        failingUp());
  }

  @Test
  void policyFilesGoOnlyWhenTheyAreNamed() throws IOException {
    installed();
    Files.delete(top.resolve("libexec/drawbridge-runc"));
    assertEquals("etc/policy.d/a.policy", purge(""));
    assertEquals("", purge("yes"));
    assertTrue(Files.notExists(top.resolve("etc")));
  }

  @Test
  void theOperatorsConfigurationStaysWhateverIsPurged() throws IOException {
    installed();
    Files.delete(top.resolve("libexec/drawbridge-runc"));
    Files.writeString(top.resolve("etc/drawbridge.yaml"), "defaultDeny: true\n");
    assertEquals("etc/drawbridge.yaml", purge("yes"));
    assertEquals("defaultDeny: true\n", Files.readString(top.resolve("etc/drawbridge.yaml")));
  }

  /** The lane of engines where the mirror has none; nothing else of the front door is there. */
  private Output enginesOfAMirrorThatMovedOn(String... engines) throws IOException {
    Path fetch = top.resolve("it/src/test/vm/fetch");
    Files.createDirectories(fetch.getParent());
    Files.writeString(fetch, "#!/bin/sh\necho 'the mirror has moved on'\nexit 3\n");
    mode("rwxr-xr-x", fetch);
    List<String> arguments =
        new ArrayList<>(List.of(CHECKOUT.resolve("install/door/lanes.sh").toString()));
    arguments.add(top.toString());
    arguments.addAll(List.of(engines));
    return sh(
        """
        lanes=$1 root=$2
        shift 2
        say() { echo "$*"; }
        die() { echo "$*"; exit 1; }
        need_root() { :; }
        need_packages_and_jdk() { :; }
        forget_unchecked() { :; }
        maven() { echo 'Maven was called'; }
        build_packages='' engine_packages='' lab_packages='' it_packages=''
        . "$lanes"
        run_tests engines "$@"
        """,
        arguments.toArray(String[]::new));
  }

  @Test
  void anEngineThatCannotBeHadIsNeitherPassedNorFailed() throws IOException {
    Output output = enginesOfAMirrorThatMovedOn("sid");
    assertEquals(69, output.status(), output.text());
    assertTrue(output.text().contains("engines sid: unavailable: the mirror has moved on"));
    assertTrue(output.text().endsWith("unavailable: engines-sid"), output.text());
  }
}
