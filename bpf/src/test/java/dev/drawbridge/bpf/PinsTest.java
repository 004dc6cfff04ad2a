package dev.drawbridge.bpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The layout of the pin directory, on an ordinary file system: what bpffs adds is tested on it. */
class PinsTest {
  @TempDir Path mount;

  @Test
  void layoutIsTheDocumentedOne() {
    Pins pins = Pins.below(Path.of("/sys/fs/bpf"));
    assertEquals(Path.of("/sys/fs/bpf/drawbridge/maps"), pins.maps());
    assertEquals(
        Path.of("/sys/fs/bpf/drawbridge/links/0123abcd/connect4"),
        pins.link("0123abcd", "connect4"));
  }

  @Test
  void namesThatWouldLeaveTheDirectoryAreRefused() {
    Pins pins = Pins.below(mount);
    for (String name : new String[] {"", ".", "..", "a/b", "../x", "a.b", "a\0b", "a b", "ä"}) {
      assertThrows(IllegalArgumentException.class, () -> pins.links(name), name);
      assertThrows(IllegalArgumentException.class, () -> pins.link("abc", name), name);
    }
  }

  @Test
  void nothingIsThereBeforeAnythingIsMade() {
    Pins pins = Pins.below(mount);
    assertEquals(Set.of(), pins.containers());
    assertEquals(Set.of(), pins.programs("abc"));
    pins.removeLinks("abc");
    pins.removeAll();
  }

  @Test
  void removingAContainersLinksLeavesTheOthers() throws IOException {
    Pins pins = Pins.below(mount);
    pins.create();
    pin(pins.link("one", "connect4"));
    pin(pins.link("one", "sk_lookup"));
    pin(pins.link("two", "connect4"));
    assertEquals(Set.of("one", "two"), pins.containers());
    assertEquals(Set.of("connect4", "sk_lookup"), pins.programs("one"));
    pins.removeLinks("one");
    assertEquals(Set.of("two"), pins.containers());
    assertTrue(Files.exists(pins.link("two", "connect4")));
  }

  @Test
  void whatIsPinnedIsFoundByItsOwner() throws IOException {
    Pins pins = Pins.below(mount);
    pins.create();
    assertFalse(pins.hasLinks("one"));
    assertEquals(Set.of(), pins.parentIds());
    assertEquals(Set.of(), pins.namespaceNumbers());
    pin(pins.link("one", "connect4"));
    pin(pins.parent(-1).resolve("guard_egress"));
    pin(pins.namespace(7));
    assertTrue(pins.hasLinks("one"));
    assertFalse(pins.hasLinks("two"));
    assertEquals(Set.of(-1L), pins.parentIds());
    assertEquals(Set.of(7), pins.namespaceNumbers());
  }

  @Test
  void removingAllTakesMapsLastAndNothingOutside() throws IOException {
    Path neighbour = Files.createDirectory(mount.resolve("cilium"));
    Pins pins = Pins.below(mount);
    pins.create();
    pin(pins.maps().resolve("endpoints"));
    pin(pins.link("one", "connect4"));
    pin(pins.namespace(7));
    pin(pins.agent());
    var removed = pins.removeAll();
    int map = removed.indexOf(pins.maps().resolve("endpoints"));
    assertTrue(removed.indexOf(pins.link("one", "connect4")) < map, removed.toString());
    assertTrue(removed.indexOf(pins.namespace(7)) < map, removed.toString());
    assertTrue(removed.indexOf(pins.agent()) < map, removed.toString());
    assertFalse(Files.exists(pins.root()));
    assertTrue(Files.exists(neighbour));
  }

  private static void pin(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    Files.createFile(file);
  }
}
