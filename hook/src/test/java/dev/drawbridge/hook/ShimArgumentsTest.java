package dev.drawbridge.hook;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which command lines make the shim ask the agent. BUNDLE stands for the test's bundle. */
final class ShimArgumentsTest {
  @TempDir Path directory;
  private Programs.Shim shim;
  private RecordingAgent agent;

  @BeforeEach
  void start() throws Exception {
    shim = new Programs.Shim(directory);
    agent = new RecordingAgent(shim.socket);
  }

  @AfterEach
  void stop() {
    agent.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create --bundle BUNDLE box",
        "create --bundle=BUNDLE box",
        "create -bundle BUNDLE box",
        "create -bundle=BUNDLE box",
        "create -b BUNDLE box",
        "create -b=BUNDLE box",
        "create --b BUNDLE box",
        "create --b=BUNDLE box",
        "create box",
        "create --bundle . box",
        "create --bundle ../bundle box",
        "create box --bundle BUNDLE",
        "create -- box",
        "create -b BUNDLE -- box",
        "create --bundle /nowhere --bundle BUNDLE box",
        "create --bundle BUNDLE --pid-file BUNDLE/init.pid --console-socket /s --no-pivot box",
        "create --pid-file create --bundle BUNDLE --no-new-keyring --preserve-fds 2 box",
        "create --preserve-fds=2 -b BUNDLE box",
        "--root /r --log /l/json --log-format json create --bundle BUNDLE box",
        "--root=/r --log=/l/json --log-format=json create --bundle BUNDLE box",
        "-root /r -log /l/json -log-format json create -b BUNDLE box",
        "-root=/r -log=/l/json -log-format=json -systemd-cgroup create -b BUNDLE box",
        "--systemd-cgroup create --bundle BUNDLE box",
        "--systemd-cgroup=true create --bundle BUNDLE box",
        "--debug --rootless auto --criu /c create --bundle BUNDLE box",
        "--root create create --bundle BUNDLE box",
        "--log exec create --bundle BUNDLE box",
        "-- create --bundle BUNDLE box",
        "--cgroup-manager systemd create --bundle BUNDLE box",
        "--flag-of-tomorrow create --bundle BUNDLE box",
        "--flag-of-tomorrow value create --bundle BUNDLE box",
        "--flag-of-tomorrow=value create --bundle BUNDLE box",
        "run --bundle BUNDLE box",
        "run -d --keep --bundle BUNDLE box",
        "restore --image-path /i --work-path /w --bundle BUNDLE box",
      })
  void asksTheAgentAndHandsEverythingOn(String line) throws Exception {
    List<String> arguments = words(line);
    Files.createDirectories(shim.bundle.resolve("l"));
    Programs.Outcome outcome = shim.run(arguments.toArray(String[]::new));
    assertEquals("", outcome.err());
    assertEquals(0, outcome.exit());
    assertEquals(List.of("patch box " + shim.bundle.toRealPath()), agent.asked);
    assertEquals(arguments, shim.reached());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--version",
        "-v",
        "features",
        "state box",
        "kill box 15",
        "delete --force box",
        "pause create",
        "exec box create",
        "exec --process /p --detach --pid-file /f box",
        "exec box runc create --bundle BUNDLE box2",
        "--root create state box",
        "--root create --log create state box",
        "--root=create kill create 9",
        "--log-format json --log create list",
        "ps create",
        "delete create",
        "create --help",
        "create -h",
        "--root",
        "--flag-of-tomorrow value state create",
        "--",
        "-",
      })
  void handsOnWithoutAskingAnybody(String line) throws Exception {
    List<String> arguments = words(line);
    Programs.Outcome outcome = shim.run(arguments.toArray(String[]::new));
    assertEquals("", outcome.err());
    assertEquals(0, outcome.exit());
    assertEquals(List.of(), agent.asked);
    assertEquals(arguments, shim.reached());
  }

  @Test
  void handsOnAnEmptyCommandLine() throws Exception {
    assertEquals(0, shim.run().exit());
    assertEquals(List.of(), agent.asked);
  }

  @Test
  void handsOnEmptyAndSpacedArguments() throws Exception {
    assertEquals(0, shim.run("--root", "", "exec", "box", "", "a b").exit());
    assertEquals(List.of("--root", "", "exec", "box", "", "a b"), shim.reached());
  }

  @Test
  void takesABareCreateBehindBundleForItsValue() throws Exception {
    Path odd = Files.createDirectory(shim.bundle.resolve("create"));
    assertEquals(0, shim.run("create", "--bundle", "create", "box").exit());
    assertEquals(List.of("patch box " + odd.toRealPath()), agent.asked);
  }

  @Test
  void sendsQuotesBackslashesAndControlCharactersOfABundleUnharmed() throws Exception {
    Path odd = Files.createDirectory(shim.bundle.resolve("q\"b\\s\tü"));
    assertEquals(0, shim.run("create", "--bundle", odd.toString(), "box").exit());
    assertEquals(List.of("patch box " + odd.toRealPath()), agent.asked);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create",
        "create --bundle",
        "create --bundle BUNDLE",
        "create --bundle BUNDLE/missing box",
        "create --bundle BUNDLE --config other.json box",
        "create -f other.json box",
        "create --bundle= box",
        "create --bundle BUNDLE ../../etc",
        "create --bundle BUNDLE .",
      })
  void refusesWhatItCannotHaveGuarded(String line) throws Exception {
    Programs.Outcome outcome = shim.run(words(line).toArray(String[]::new));
    assertEquals(1, outcome.exit());
    assertEquals(1, outcome.errLines().size(), outcome.err());
    assertEquals(List.of(), shim.reached());
    assertEquals(List.of(), agent.asked);
  }

  private List<String> words(String line) {
    return Arrays.stream(line.split(" "))
        .map(word -> word.replace("BUNDLE", shim.bundle.toString()))
        .toList();
  }
}
