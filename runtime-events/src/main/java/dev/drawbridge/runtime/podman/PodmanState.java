package dev.drawbridge.runtime.podman;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One file in which Podman keeps its state, for reading. What is read at once is of one moment.
 * Opened for one question or a few, and closed again: Podman may put another file in its place.
 */
public sealed interface PodmanState extends Closeable permits BoltState, SqliteState {

  /** Of one part of a container's JSON, in bytes; what Podman writes is a fiftieth of it. */
  int LARGEST_RECORD = 2 << 20;

  /** What the state has of one container, as it is written there: for whoever reads it at once. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared, never changed, never kept.
  record Raw(byte[] config, byte[] state) {}

  /** One container; empty if there is none of that id. */
  Optional<Raw> container(String id) throws IOException;

  /** The configuration of a pod; empty if there is none of that id. */
  Optional<byte[]> pod(String id) throws IOException;

  /**
   * Of every container its id, and a number that is another when the container's state is. One
   * whose state is more than may be read has a number all the same: it hides no other.
   */
  Map<String, Long> marks() throws IOException;

  /**
   * The files below a storage root, those that are there. Podman 5 goes on with the file of Podman
   * 4 where it finds one, so there may be both.
   */
  static List<Path> files(Path root) {
    return candidates(root).stream().filter(Files::isRegularFile).toList();
  }

  /** Where a file may be: in Podman 5's own place, where a set static directory puts it, in 4's. */
  private static List<Path> candidates(Path root) {
    return List.of(
        root.resolve("db.sql"),
        root.resolve("libpod/db.sql"),
        root.resolve("libpod/bolt_state.db"));
  }

  /** Opens one of {@link #files}. */
  static PodmanState open(Path file) throws IOException {
    return file.toString().endsWith(".sql") ? SqliteState.open(file) : BoltState.open(file);
  }

  /** An id as Podman makes them. Nothing else is looked for. */
  static boolean isId(String id) {
    return id.length() == 64
        && id.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }
}
