package dev.drawbridge.daemon.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drawbridge.control.ObservedContainer;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whom Docker's resolver asks, from files in a host's tree of our own making. */
final class ResolversTest {
  private static final String ID = "c0".repeat(32);
  private static final int PID = 4711;

  @TempDir private Path root;
  private Path directory;

  @BeforeEach
  void aContainerWithItsDirectory() throws IOException {
    directory = root.resolve("data/containers/" + ID);
    // The data directory is a file system of its own, mounted where Docker has it.
    write("proc/self/mountinfo", "20 1 8:2 / " + root.resolve("data") + " rw - ext4 /dev/b rw\n");
    write(
        "proc/" + PID + "/mountinfo",
        "90 80 8:2 /containers/" + ID + "/hostname /etc/hostname rw - ext4 /dev/b rw\n");
    write("etc/resolv.conf", "# of the host\nnameserver 198.51.100.9\nsearch example.org\n");
  }

  private void write(String name, String content) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  private void given(String json) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("hostconfig.json"), json);
  }

  private Set<String> of(String networkMode) {
    return literals(new Resolvers(root).of(container(networkMode)));
  }

  private Set<String> believed(String networkMode) {
    return literals(new Resolvers(root).given(container(networkMode)));
  }

  private static Set<String> literals(Set<InetAddress> addresses) {
    Set<String> found = new TreeSet<>();
    for (InetAddress address : addresses) {
      found.add(address.getHostAddress());
    }
    return found;
  }

  private static ObservedContainer container(String networkMode) {
    return new ObservedContainer(
        ID,
        "c",
        new TreeMap<>(),
        new TreeMap<>(),
        "image",
        true,
        PID,
        List.of(),
        "drawbridge",
        networkMode);
  }

  @Test
  void whoWasGivenIsBelievedAndDockersOwnWhereItWorks() throws IOException {
    given("{\"Dns\":[\"203.0.113.5\"]}");
    assertEquals(Set.of("127.0.0.11", "203.0.113.5"), believed("shop_default"));
    for (String mode : List.of("bridge", "default", "host", "none")) {
      assertEquals(Set.of("203.0.113.5"), believed(mode), mode);
    }
  }

  @Test
  void whereNoEngineOfDockersKeepsBooksLoopbackIsTheContainers() {
    assertEquals(Set.of("198.51.100.9"), believed("shop_default"));
    assertEquals(Set.of("198.51.100.9"), believed(ObservedContainer.OWN_NAMESPACE));
  }

  @Test
  void theContainersOwnServersComeFirst() throws IOException {
    given("{\"Dns\":[\"203.0.113.5\",\"2001:db8::5\"]}");
    write("etc/docker/daemon.json", "{\"dns\":[\"203.0.113.6\"]}");
    assertEquals(Set.of("203.0.113.5", "2001:db8:0:0:0:0:0:5"), of("shop_default"));
  }

  @Test
  void thenTheDaemons() throws IOException {
    given("{\"Dns\":[]}");
    write("etc/docker/daemon.json", "{\"dns\":[\"203.0.113.6\"]}");
    assertEquals(Set.of("203.0.113.6"), of("shop_default"));
  }

  @Test
  void thenTheHosts() throws IOException {
    given("{\"Dns\":null}");
    assertEquals(Set.of("198.51.100.9"), of("shop_default"));
  }

  @Test
  void thoseOfSystemdBehindItsStub() throws IOException {
    write("etc/resolv.conf", "nameserver 127.0.0.53\n");
    write("run/systemd/resolve/resolv.conf", "nameserver 198.51.100.10\n");
    assertEquals(Set.of("198.51.100.10"), of("shop_default"));
  }

  @Test
  void thenWhomDockerFallsBackTo() throws IOException {
    write("etc/resolv.conf", "nameserver 127.0.0.1\n");
    assertEquals(
        Set.of("8.8.8.8", "8.8.4.4", "2001:4860:4860:0:0:0:0:8888", "2001:4860:4860:0:0:0:0:8844"),
        of("shop_default"));
  }

  @Test
  void nobodyWhereDockersResolverDoesNotWork() throws IOException {
    given("{\"Dns\":[\"203.0.113.5\"]}");
    for (String mode : List.of("bridge", "default", "host", "none")) {
      assertEquals(Set.of(), of(mode), mode);
    }
    // The resolver there is the other's, and so are its servers.
    assertEquals(Set.of(), of("container:" + "d0".repeat(32)));
  }

  @Test
  void neitherRangesNorNamesNorWhatIsNoJson() throws IOException {
    given("{\"Dns\":[\"203.0.113.0/24\",\"dns.example\",\"203.0.113.5\"]}");
    assertEquals(Set.of("203.0.113.5"), of("shop_default"));
    given("{\"Dns\":[{}]}");
    assertEquals(Set.of("198.51.100.9"), of("shop_default"));
    given("[1");
    assertEquals(Set.of("198.51.100.9"), of("shop_default"));
  }

  @Test
  void theContainersOwnFilesAreNotAsked() throws IOException {
    // Somebody in the container mounts a tree that looks like the engine's over its own files.
    write(
        "proc/" + PID + "/mountinfo",
        "90 80 0:77 /containers/" + ID + "/hostname /etc/hostname rw - tmpfs tmpfs rw\n");
    given("{\"Dns\":[\"203.0.113.5\"]}");
    assertEquals(Set.of("198.51.100.9"), of("shop_default"));
  }
}
