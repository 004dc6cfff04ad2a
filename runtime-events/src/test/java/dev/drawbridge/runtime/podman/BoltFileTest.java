package dev.drawbridge.runtime.podman;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files as bbolt writes them, made page by page. The real ones are read in {@code PodmanTest}. */
class BoltFileTest {
  private static final int PAGE = 4096;
  private static final String A = "a".repeat(64);
  private static final String B = "b".repeat(64);

  @TempDir private Path directory;

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** An element: key, value, whether the value is a bucket. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Element(String key, byte[] value, boolean bucket) {}

  /** A leaf's content, with or without its own page. */
  private static byte[] leaf(long id, int overflow, List<Element> elements) {
    int size =
        16 + elements.stream().mapToInt(e -> 16 + utf8(e.key()).length + e.value().length).sum();
    ByteBuffer page = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    page.putLong(id).putShort((short) 2).putShort((short) elements.size()).putInt(overflow);
    int data = 16 + 16 * elements.size();
    for (int i = 0; i < elements.size(); i++) {
      Element element = elements.get(i);
      byte[] key = utf8(element.key());
      page.putInt(element.bucket() ? 1 : 0).putInt(data - 16 - 16 * i);
      page.putInt(key.length).putInt(element.value().length);
      page.put(data, key).put(data + key.length, element.value());
      data += key.length + element.value().length;
    }
    return page.array();
  }

  private static byte[] branch(long id, SortedMap<String, Long> children) {
    int size = 16 + children.keySet().stream().mapToInt(key -> 16 + utf8(key).length).sum();
    ByteBuffer page = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    page.putLong(id).putShort((short) 1).putShort((short) children.size()).putInt(0);
    int data = 16 + 16 * children.size();
    int i = 0;
    for (var child : children.entrySet()) {
      byte[] key = utf8(child.getKey());
      page.putInt(data - 16 - 16 * i).putInt(key.length).putLong(child.getValue());
      page.put(data, key);
      data += key.length;
      i++;
    }
    return page.array();
  }

  private static byte[] at(long page) {
    return ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(page).array();
  }

  private static byte[] inline(List<Element> elements) {
    byte[] inside = leaf(0, 0, elements);
    return ByteBuffer.allocate(16 + inside.length).put(16, inside).array();
  }

  private static byte[] meta(long id, long root, long transaction) {
    ByteBuffer page = ByteBuffer.allocate(80).order(ByteOrder.LITTLE_ENDIAN);
    page.putLong(id).putShort((short) 4).putShort((short) 0).putInt(0);
    page.putInt(0xED0CDAED).putInt(2).putInt(PAGE).putInt(0);
    page.putLong(root).putLong(0).putLong(2).putLong(99).putLong(transaction);
    long hash = 0xcbf29ce484222325L;
    for (int i = 16; i < 72; i++) {
      hash = (hash ^ (page.get(i) & 0xff)) * 0x100000001b3L;
    }
    return page.putLong(hash).array();
  }

  private Path write(byte[]... pages) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(pages.length * PAGE);
    for (int i = 0; i < pages.length; i++) {
      all.put(i * PAGE, pages[i]);
    }
    return Files.write(directory.resolve("bolt_state.db"), all.array());
  }

  /** Containers of two leaves below a branch; the second record fills three pages. */
  private Path sample() throws IOException {
    byte[] large = utf8("{\"name\":\"" + "x".repeat(2 * PAGE) + "\"}");
    byte[] inA =
        inline(
            List.of(
                new Element("config", utf8("{\"id\":\"" + A + "\"}"), false),
                new Element("state", utf8("{\"state\":3}"), false)));
    byte[] third =
        leaf(
            7,
            2,
            List.of(
                new Element("config", large, false),
                new Element("state", utf8("{\"state\":6}"), false)));
    SortedMap<String, Long> children = new TreeMap<>();
    children.put(A, 5L);
    children.put(B, 6L);
    return write(
        meta(0, 3, 10),
        meta(1, 2, 9),
        new byte[0],
        leaf(
            3,
            0,
            List.of(
                new Element("ctr", at(4), true),
                new Element(
                    "id-registry", inline(List.of(new Element(A, utf8("web"), false))), true))),
        branch(4, children),
        leaf(5, 0, List.of(new Element(A, inA, true))),
        leaf(6, 0, List.of(new Element(B, at(7), true))),
        Arrays.copyOf(third, PAGE),
        Arrays.copyOfRange(third, PAGE, 2 * PAGE),
        Arrays.copyOfRange(third, 2 * PAGE, 3 * PAGE));
  }

  @Test
  void containersAreFoundThroughBranchesInlineAndAcrossPages() throws IOException {
    try (PodmanState state = BoltState.open(sample())) {
      assertArrayEquals(
          utf8("{\"state\":3}"), state.container(A).orElseThrow().state(), "in a bucket inline");
      assertEquals(
          2 * PAGE + 11, state.container(B).orElseThrow().config().length, "in a bucket of pages");
      assertEquals(Optional.empty(), state.container("0".repeat(64)));
      assertEquals(Optional.empty(), state.container("c".repeat(64)));
      assertEquals(Optional.empty(), state.pod(A));
      assertEquals(2, state.marks().size());
    }
  }

  /** Of an image with megabytes of labels, say: Podman makes the container, nobody starts it. */
  @Test
  void oneThatIsTooLargeHidesNoOther() throws IOException {
    Path file = sample();
    byte[] bytes = Files.readAllBytes(file);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(7 * PAGE + 12, 2_000);
    Files.write(file, bytes);
    try (PodmanState state = BoltState.open(file)) {
      assertThrows(IOException.class, () -> state.container(B));
      assertEquals(Set.of(A, B), state.marks().keySet());
      assertTrue(state.container(A).isPresent());
    }
  }

  @Test
  void theNewestTransactionThatIsWholeCounts() throws IOException {
    Path file = sample();
    byte[] bytes = Files.readAllBytes(file);
    // The newest says that it has none; then its checksum says that it was not written whole.
    System.arraycopy(meta(1, 2, 11), 0, bytes, PAGE, 80);
    System.arraycopy(leaf(2, 0, List.of()), 0, bytes, 2 * PAGE, 16);
    Files.write(file, bytes);
    try (PodmanState state = BoltState.open(file)) {
      assertEquals(Optional.empty(), state.container(A));
    }
    bytes[PAGE + 40] ^= 1;
    Files.write(file, bytes);
    try (PodmanState state = BoltState.open(file)) {
      assertTrue(state.container(A).isPresent());
    }
    bytes[20] ^= 1;
    Files.write(file, bytes);
    try (PodmanState state = BoltState.open(file)) {
      assertThrows(IOException.class, () -> state.container(A));
    }
  }

  @Test
  void aReadingDuringWhichSomebodyWroteIsDoneAgain() throws IOException {
    Path file = sample();
    int[] readings = {0};
    try (BoltFile bolt = BoltFile.open(file)) {
      boolean there =
          bolt.read(root -> {
            if (readings[0]++ == 0) {
              byte[] bytes = Files.readAllBytes(file);
              System.arraycopy(meta(1, 3, 12), 0, bytes, PAGE, 80);
              Files.write(file, bytes);
            }
            return root.bucket("ctr").isPresent();
          });
      assertTrue(there);
    }
    assertEquals(2, readings[0]);
  }

  /** Whatever is broken is an IOException, or is what somebody might have written; and it ends. */
  @Test
  void damageIsSaidAndNothingElse() throws IOException {
    byte[] whole = Files.readAllBytes(sample());
    Path file = directory.resolve("damaged.db");
    Random random = new Random(15);
    int said = 0;
    for (int i = 0; i < 1_000; i++) {
      byte[] bytes =
          i % 5 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
      for (int flips = i % 5; flips > 0; flips--) {
        // Where the structure is: the first bytes of each page.
        int at = random.nextInt(whole.length / PAGE) * PAGE + random.nextInt(200);
        bytes[at] = (byte) random.nextInt(256);
      }
      Files.write(file, bytes);
      try (PodmanState state = BoltState.open(file)) {
        var _ = state.container(B);
        var _ = state.marks();
      } catch (IOException e) {
        said++;
      }
    }
    assertTrue(said > 300, said + " of 1000");
  }

  @Test
  void aBucketThatIsItsOwnChildEnds() throws IOException {
    SortedMap<String, Long> circle = new TreeMap<>();
    circle.put(A, 3L);
    circle.put(B, 3L);
    Path file = write(meta(0, 3, 10), meta(1, 3, 9), new byte[0], branch(3, circle));
    try (BoltFile bolt = BoltFile.open(file)) {
      assertThrows(IOException.class, () -> bolt.read(root -> root.get(A)));
      assertThrows(
          IOException.class,
          () ->
              bolt.read(root -> {
                root.each((_, _) -> true);
                return true;
              }));
    }
  }
}
