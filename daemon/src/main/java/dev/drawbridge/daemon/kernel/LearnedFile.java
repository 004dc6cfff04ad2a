package dev.drawbridge.daemon.kernel;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * By which names containers have learned addresses, for the agent's next life: the kernel knows
 * numbers alone. Lines are added before the kernel is told; what is said twice counts as it was
 * said last. It lives in the run directory, as long as the kernel's clock and maps do. Its user
 * locks.
 */
final class LearnedFile {
  /**
   * One name of one address of one container.
   *
   * @param untilNanos by the kernel's clock
   */
  record Line(int owner, InetAddress address, long untilNanos, String name) {
    private String print() {
      return owner + " " + address.getHostAddress() + " " + untilNanos + " " + name + "\n";
    }

    private static Line read(String text) throws IOException {
      String[] parts = text.split(" ", -1);
      try {
        if (parts.length == PARTS) {
          return new Line(
              Integer.parseInt(parts[0]),
              InetAddress.ofLiteral(parts[1]),
              Long.parseLong(parts[2]),
              parts[3]);
        }
      } catch (IllegalArgumentException e) {
        throw new IOException("no line of learned names: " + text, e);
      }
      throw new IOException("no line of learned names: " + text);
    }
  }

  private static final System.Logger log = System.getLogger(LearnedFile.class.getName());

  private static final String FIRST = "learned-names 1\n";
  private static final int PARTS = 4;

  /** Lines that only repeat or outlived what they say, before the file is written anew. */
  private static final int SPARE_LINES = 4096;

  /** Beyond this size, in bytes, it is none of an agent's. */
  private static final long MOST_BYTES = 64L << 20;

  private final Path file;
  private @Nullable FileChannel channel;
  private int lines;

  LearnedFile(Path file) {
    this.file = file;
  }

  /**
   * What it says. A last line that was cut is none: its agent was killed before the kernel knew it.
   *
   * @throws NoSuchFileException if there is none
   * @throws IOException if it is damaged
   */
  List<Line> read() throws IOException {
    if (Files.size(file) > MOST_BYTES) {
      throw new IOException(file + " is larger than any agent writes it");
    }
    String text = Files.readString(file, UTF_8);
    if (!text.startsWith(FIRST)) {
      throw new IOException(file + " does not begin as a file of learned names");
    }
    List<Line> read = new ArrayList<>();
    int at = FIRST.length();
    for (int end = text.indexOf('\n', at); end >= 0; end = text.indexOf('\n', at)) {
      read.add(Line.read(text.substring(at, end)));
      at = end + 1;
    }
    return read;
  }

  /**
   * Adds lines. What cannot be kept is said in the log: the next agent then has the container ask
   * again.
   */
  void add(List<Line> more) {
    FileChannel to = channel;
    if (to == null || more.isEmpty()) {
      return;
    }
    var text = new StringBuilder();
    more.forEach(line -> text.append(line.print()));
    try {
      write(to, text.toString());
      lines += more.size();
    } catch (IOException e) {
      log.log(Level.WARNING, file + " cannot be written; a restart forgets what was learned", e);
      closed();
    }
  }

  /** Whether most of what it says is over. */
  boolean isWorn(int live) {
    return channel == null || lines > 2 * live + SPARE_LINES;
  }

  /** Says just this from now on. */
  void replace(List<Line> all) {
    closed();
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    var text = new StringBuilder(FIRST);
    all.forEach(line -> text.append(line.print()));
    try {
      FileChannel to =
          FileChannel.open(
              fresh,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE);
      channel = to;
      write(to, text.toString());
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      lines = all.size();
    } catch (IOException e) {
      log.log(Level.WARNING, file + " cannot be written; a restart forgets what was learned", e);
      closed();
    }
  }

  private static void write(FileChannel to, String text) throws IOException {
    ByteBuffer bytes = UTF_8.encode(text);
    while (bytes.hasRemaining()) {
      int _ = to.write(bytes);
    }
  }

  private void closed() {
    FileChannel open = channel;
    channel = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        log.log(Level.DEBUG, "closing " + file, e);
      }
    }
  }
}
