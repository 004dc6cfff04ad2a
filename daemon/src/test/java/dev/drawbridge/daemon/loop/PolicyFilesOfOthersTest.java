package dev.drawbridge.daemon.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drawbridge.daemon.config.Config;
import dev.drawbridge.daemon.config.Config.ConfigException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Policy files that are none, or that others could have written: refused, and never waited for. */
class PolicyFilesOfOthersTest {
  private static final String GOOD = "app=api may GET /users on app=db\n";
  private static final String MORE = "anyone may ANY /** on app=db\n";

  @TempDir Path work;
  private Path directory;
  private Path kept;
  private PolicyDirectory files;

  @BeforeEach
  void open() throws IOException {
    directory = Files.createDirectory(work.resolve("policy.d"));
    kept = work.resolve("kept");
    mode(work, "rwxr-xr-x");
    mode(directory, "rwxr-xr-x");
    files = new PolicyDirectory(directory, kept);
  }

  private static void mode(Path path, String mode) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }

  private static Path good(Path path) throws IOException {
    Files.writeString(path, GOOD);
    mode(path, "rw-r--r--");
    return path;
  }

  private void settle() {
    assertTimeoutPreemptively(
        Duration.ofSeconds(10),
        () -> {
          files.refresh();
          files.refresh();
        });
  }

  private void refusedOnly(String part) {
    settle();
    assertEquals(1, files.refused().size(), files.refused().toString());
    assertTrue(files.refused().getFirst().contains(part), files.refused().toString());
  }

  @Test
  void aFifoIsNotWaitedFor() throws Exception {
    good(directory.resolve("a.policy"));
    Path fifo = directory.resolve("x.policy");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    refusedOnly("x.policy is a FIFO");
    assertEquals(1, files.policy().rules().size());
  }

  @Test
  void aFifoBehindALinkIsNotWaitedFor() throws Exception {
    Path fifo = directory.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    Files.createSymbolicLink(directory.resolve("x.policy"), fifo);
    refusedOnly("is a FIFO");
  }

  @Test
  void aFifoInTheWayOfItsLastGoodContentIsNotWaitedFor() throws Exception {
    Path file = Files.writeString(directory.resolve("a.policy"), "nonsense");
    mode(file, "rw-r--r--");
    Files.createDirectory(kept);
    mode(kept, "rwx------");
    Path fifo = kept.resolve("a.policy");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    settle();
    assertEquals(0, files.policy().rules().size());
  }

  @Test
  void aDirectoryOfThatNameIsRefused() throws IOException {
    Files.createDirectory(directory.resolve("x.policy"));
    refusedOnly("x.policy is a directory");
  }

  @Test
  void aSocketOfThatNameIsRefused() throws IOException {
    try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.bind(UnixDomainSocketAddress.of(directory.resolve("x.policy")));
      refusedOnly("x.policy is a socket");
    }
  }

  @Test
  void aDeviceOfThatNameIsRefused() throws IOException {
    Files.createSymbolicLink(directory.resolve("x.policy"), Path.of("/dev/zero"));
    refusedOnly("leads out of");
  }

  @Test
  void aLinkThatLeadsOutIsRefusedAndOneInsideIsFollowed() throws IOException {
    Files.createSymbolicLink(directory.resolve("x.policy"), good(work.resolve("elsewhere")));
    Files.createSymbolicLink(directory.resolve("y.policy"), good(directory.resolve("inside")));
    refusedOnly("x.policy is a link that leads out of");
    assertEquals(1, files.policy().rules().size());
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-rw-r--", "rw-r--rw-", "rw--w-rw-"})
  void aFileThatOthersMayWriteIsRefusedAndWhatWasGoodStays(String mode) throws IOException {
    Path file = good(directory.resolve("a.policy"));
    settle();
    Files.writeString(file, GOOD + MORE);
    mode(file, mode);
    refusedOnly("may be written to by others");
    assertEquals(1, files.policy().rules().size());
    mode(file, "rw-------");
    settle();
    assertEquals(0, files.refused().size());
    assertEquals(2, files.policy().rules().size());
  }

  @ParameterizedTest
  @ValueSource(strings = {"rwxrwxr-x", "rwxr-xrwx", "rwxrwxrwx"})
  void aDirectoryThatOthersMayWriteKeepsAllAsItWas(String mode) throws IOException {
    Path file = good(directory.resolve("a.policy"));
    settle();
    mode(directory, mode);
    Files.delete(file);
    good(directory.resolve("b.policy"));
    refusedOnly("policy directory ");
    assertEquals(1, files.policy().rules().size());
    files = new PolicyDirectory(directory, kept);
    refusedOnly("policy directory ");
    assertEquals(1, files.policy().rules().size(), "what was good counts after a restart too");
  }

  @Test
  void aDirectoryAboveThatOthersMayWriteCountsAsMuch() throws IOException {
    good(directory.resolve("a.policy"));
    mode(work, "rwxrwxrwx");
    refusedOnly("policy directory " + work);
    assertEquals(0, files.policy().rules().size());
  }

  @Test
  void aFileThatIsTooLongIsNotRead() throws IOException {
    Path file = good(directory.resolve("a.policy"));
    settle();
    Files.writeString(file, "#".repeat(PolicyDirectory.MAX_FILE_BYTES + 1));
    settle();
    assertTrue(files.unreadable().getFirst().contains("is larger than"));
    assertEquals(1, files.policy().rules().size());
  }

  @Test
  void allFilesTogetherHaveABound() throws IOException {
    String long1 = GOOD + "#".repeat(PolicyDirectory.MAX_FILE_BYTES - GOOD.length() - 1) + "\n";
    for (int i = 0; i < 6; i++) {
      mode(Files.writeString(directory.resolve(i + ".policy"), long1), "rw-r--r--");
    }
    settle();
    assertEquals(4, files.policy().rules().size());
    assertEquals(2, files.unreadable().size());
  }

  @Test
  void theConfigurationIsHeldToTheSame() throws Exception {
    Path file = Files.writeString(work.resolve("agent.json"), "{}");
    mode(file, "rw-r--rw-");
    assertTrue(
        String.valueOf(assertThrows(ConfigException.class, () -> Config.load(file)).getMessage())
            .contains("may be written to by others"));
    Files.delete(file);
    assertEquals(0, new ProcessBuilder("mkfifo", file.toString()).start().waitFor());
    assertTimeoutPreemptively(
        Duration.ofSeconds(10), () -> assertThrows(ConfigException.class, () -> Config.load(file)));
  }

  @Test
  @Tag("kernel")
  void aFileOfAnotherUserIsRefused() throws IOException {
    Path file = good(directory.resolve("a.policy"));
    Files.setAttribute(file, "unix:uid", 1000);
    refusedOnly("belongs to uid 1000");
    Files.setAttribute(file, "unix:uid", 0);
    Files.setAttribute(directory, "unix:uid", 1000);
    refusedOnly("belongs to uid 1000");
  }
}
