package dev.drawbridge.daemon.kernel;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.Reader;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
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
  private static final int PART = 64 << 10;

  /** Lines that only repeat or outlived what they say, before the file is written anew. */
  private static final int SPARE_LINES = 4096;

  /** Beyond this size, in bytes, it is written anew at once. */
  private static final long LARGE_BYTES = 4L << 20;

  /** Beyond this size, in bytes, it is none of an agent's. */
  private static final long MOST_BYTES = 2 * LARGE_BYTES;

  private final Path file;
  private @Nullable FileChannel channel;
  private int lines;
  private long bytes;

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
    List<Line> read = new ArrayList<>();
    try (Reader in = Files.newBufferedReader(file, UTF_8)) {
      if (!FIRST.equals(line(in))) {
        throw new IOException(file + " does not begin as a file of learned names");
      }
      for (String line = line(in); !line.isEmpty(); line = line(in)) {
        read.add(Line.read(line.substring(0, line.length() - 1)));
      }
    }
    return read;
  }

  /** A line with its end; empty at the end of the file, and for what has none. */
  private static String line(Reader in) throws IOException {
    var line = new StringBuilder();
    for (int octet = in.read(); octet >= 0; octet = in.read()) {
      line.append((char) octet);
      if (octet == '\n') {
        return line.toString();
      }
    }
    return "";
  }

  /**
   * Adds lines. What cannot be kept is said in the log, and nothing is: by a part of its names an
   * address would mean something else to the next agent, which then has all containers ask again.
   */
  void add(List<Line> more) {
    FileChannel to = channel;
    if (to == null || more.isEmpty()) {
      return;
    }
    var text = new StringBuilder();
    more.forEach(line -> text.append(line.print()));
    try {
      write(to, text);
      lines += more.size();
    } catch (IOException e) {
      log.log(Level.WARNING, file + " cannot be written; a restart forgets what was learned", e);
      none();
    }
  }

  /** Whether it is to be written anew before the next look. */
  boolean isLarge() {
    return channel != null && bytes > LARGE_BYTES;
  }

  /** Whether most of what it says is over. */
  boolean isWorn(int live) {
    return channel == null || lines > 2 * live + SPARE_LINES;
  }

  /** Says just this from now on. */
  void replace(List<Line> all) {
    closed();
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    bytes = 0;
    try {
      FileChannel to =
          FileChannel.open(
              fresh,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE);
      channel = to;
      var text = new StringBuilder(FIRST);
      for (Line line : all) {
        text.append(line.print());
        if (text.length() > PART) {
          write(to, text);
        }
      }
      write(to, text);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      lines = all.size();
    } catch (IOException e) {
      log.log(Level.WARNING, file + " cannot be written; a restart forgets what was learned", e);
      none();
    }
  }

  /** Writes what is there, and empties it. */
  private void write(FileChannel to, StringBuilder text) throws IOException {
    ByteBuffer written = UTF_8.encode(CharBuffer.wrap(text));
    bytes += written.remaining();
    while (written.hasRemaining()) {
      int _ = to.write(written);
    }
    text.setLength(0);
  }

  /** There is none any more: it would say a part. */
  private void none() {
    closed();
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      log.log(Level.ERROR, file + " says less than was learned, and cannot be removed", e);
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
