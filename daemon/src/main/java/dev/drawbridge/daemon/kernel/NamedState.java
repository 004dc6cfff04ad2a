package dev.drawbridge.daemon.kernel;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.drawbridge.policy.Peers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * What the numbers of learned addresses mean, kept for the next agent: the kernel knows the numbers
 * alone. Used by the control loop's thread alone.
 */
public final class NamedState {
  private static final System.Logger log = System.getLogger(NamedState.class.getName());

  private final Path file;
  private final Consumer<Optional<String>> lost;
  private Map<Integer, String> written = Map.of();
  private boolean damaged;

  /**
   * @param lost forgets what the kernel has learned, because nobody can say what it means: why not,
   *     if it is no first start
   */
  public NamedState(Path file, Consumer<Optional<String>> lost) {
    this.file = file;
    this.lost = lost;
  }

  /** As it was written last; nothing if it cannot be read. */
  public SortedMap<Integer, String> read() {
    SortedMap<Integer, String> read = new TreeMap<>();
    if (!Files.exists(file)) {
      lost.accept(Optional.empty());
      return read;
    }
    try {
      for (String line : Files.readAllLines(file, UTF_8)) {
        int space = line.indexOf(' ');
        if (space < 0) {
          throw new NumberFormatException(line);
        }
        int number = Integer.parseUnsignedInt(line.substring(0, space));
        if (!Peers.isNamed(number)) {
          throw new NumberFormatException("no number of learned addresses: " + line);
        }
        read.put(number, line.substring(space + 1));
      }
      written = new TreeMap<>(read);
      return read;
    } catch (IOException | NumberFormatException e) {
      log.log(Level.WARNING, file + " cannot be read", e);
      damaged = true;
      lost.accept(Optional.of(file + " cannot be read: " + e.getMessage()));
      return new TreeMap<>();
    }
  }

  /**
   * Writes it if it is not what was written last.
   *
   * @throws UncheckedIOException if it cannot be kept; what follows from it must then not be done
   */
  public void write(Map<Integer, String> now) {
    if (!damaged && now.equals(written)) {
      return;
    }
    List<String> lines = new ArrayList<>();
    now.forEach((number, meaning) -> lines.add(Integer.toUnsignedString(number) + " " + meaning));
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try {
      Files.write(fresh, lines, UTF_8);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    written = new TreeMap<>(now);
    damaged = false;
  }
}
