package dev.drawbridge.bpf.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.drawbridge.bpf.failure.BpfException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Files of /proc as different hosts write them. */
class HostFilesTest {
  private static final String UNIFIED =
      "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
  private static final String HYBRID =
      "41 32 0:35 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";
  private static final String V1 =
      "33 32 0:27 / /sys/fs/cgroup/cpu rw,relatime shared:9 master:1 - cgroup cgroup rw,cpu";

  @Test
  void findsTheMountOnUnifiedAndHybridHosts() {
    assertEquals(Optional.of(Path.of("/sys/fs/cgroup")), find(V1, UNIFIED));
    assertEquals(Optional.of(Path.of("/sys/fs/cgroup/unified")), find(V1, HYBRID));
  }

  @Test
  void aHostWithoutCgroup2HasNone() {
    assertEquals(Optional.empty(), find(V1));
    assertEquals(Optional.empty(), find());
  }

  @Test
  void aMountOfAPartOfTheHierarchyIsNotIt() {
    String part = "50 1 0:35 /docker/abc /mnt/part rw - cgroup2 cgroup2 rw";
    assertEquals(Optional.empty(), find(part));
    assertEquals(Optional.of(Path.of("/sys/fs/cgroup/unified")), find(part, HYBRID));
  }

  @Test
  void mountPointsAreUnescaped() {
    assertEquals(
        List.of(new MountInfo("/", "/mnt/a b\\c", "cgroup2")),
        MountInfo.parse(List.of("50 1 0:35 / /mnt/a\\040b\\134c rw - cgroup2 x rw")));
  }

  @Test
  void linesThatAreNoMountsAreLeftOut() {
    assertEquals(
        List.of(),
        MountInfo.parse(List.of("", "-", " - ", "1 2 3", "1 2 3 4 5 6", "a - b", "1 2 3 / - bpf")));
  }

  private static Optional<Path> find(String... lines) {
    return Cgroups.find(MountInfo.parse(List.of(lines)));
  }

  @Test
  void takesTheUnifiedLineAmongThoseOfVersion1() {
    assertEquals(
        Optional.of(Path.of("docker/abc")),
        Cgroups.unifiedPath(List.of("12:cpu:/other", "1:name=systemd:/x", "0::/docker/abc")));
    assertEquals(Optional.of(Path.of("")), Cgroups.unifiedPath(List.of("0::/")));
  }

  @Test
  void aCgroupThatIsDeletedOrOutsideTheNamespaceIsNone() {
    assertEquals(Optional.empty(), Cgroups.unifiedPath(List.of("0::/docker/abc (deleted)")));
    assertEquals(Optional.empty(), Cgroups.unifiedPath(List.of("0::/../../host")));
    assertEquals(Optional.empty(), Cgroups.unifiedPath(List.of("1:cpu:/docker/abc")));
    assertEquals(Optional.empty(), Cgroups.unifiedPath(List.of()));
  }

  @Test
  void aProcessThatIsGoneIsAnErrorThatNamesIt() {
    BpfException gone = assertThrows(BpfException.class, () -> Cgroups.ofPid(Integer.MAX_VALUE));
    assertEquals("process 2147483647", gone.object());
    assertEquals(Optional.of("ENOENT"), gone.errno());
  }
}
