package dev.drawbridge.bpf.linux;

import dev.drawbridge.bpf.ffi.Errno;
import dev.drawbridge.bpf.ffi.Fd;
import dev.drawbridge.bpf.ffi.LibC;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/**
 * An open regular file, whatever stood under its name a moment ago. Opening never waits: the JDK's
 * own open(2) lacks O_NONBLOCK, and so a FIFO without a writer holds its caller for ever, while a
 * device may do what it likes. Type, owner and mode are those of what was opened (fstat(2)).
 */
public final class RegularFile implements AutoCloseable {
  private static final int FLAGS =
      LibC.O_RDONLY | LibC.O_CLOEXEC | LibC.O_NONBLOCK | LibC.O_NOFOLLOW | LibC.O_NOCTTY;
  private static final int TYPE = 0170000;
  private static final int REGULAR = 0100000;
  private static final int DIRECTORY = 0040000;
  private static final int FIFO = 0010000;

  private static final int ENXIO = 6;
  private static final int ELOOP = 40;

  private final Fd fd;
  private final Path path;
  private final Path opened;
  private final Map<String, Object> attributes;

  private RegularFile(Fd fd, Path path) throws IOException {
    this.fd = fd;
    this.path = path;
    this.opened = Path.of("/proc/self/fd", Integer.toString(fd.raw()));
    this.attributes = Files.readAttributes(opened, "unix:mode,uid,size");
    int type = number("mode") & TYPE;
    if (type != REGULAR) {
      throw new FileSystemException(path.toString(), null, "is " + kind(type) + ", no file");
    }
  }

  /**
   * Opens it for reading. The last part of the path must not be a link.
   *
   * @throws NoSuchFileException if there is none
   * @throws FileSystemException if it is anything but a regular file, or cannot be opened; {@code
   *     getReason} says what
   */
  public static RegularFile open(Path path) throws IOException {
    int raw = LibC.system().open(path.toString(), FLAGS);
    if (raw < 0) {
      throw switch (-raw) {
        case Errno.ENOENT -> new NoSuchFileException(path.toString());
        case ELOOP -> new FileSystemException(path.toString(), null, "is a symbolic link");
        case ENXIO -> new FileSystemException(path.toString(), null, "is a socket, no file");
        default ->
            new FileSystemException(
                path.toString(), null, "cannot be opened (" + Errno.name(raw) + ")");
      };
    }
    Fd fd = new Fd(raw, path.toString());
    try {
      return new RegularFile(fd, path);
    } catch (IOException | RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  private static String kind(int type) {
    return switch (type) {
      case DIRECTORY -> "a directory";
      case FIFO -> "a FIFO";
      default -> "a device";
    };
  }

  private int number(String name) {
    return (int) Objects.requireNonNull(attributes.get(name));
  }

  /** The user id of its owner. */
  public int owner() {
    return number("uid");
  }

  /** Its permission bits, with set-id and sticky bits. */
  public int mode() {
    return number("mode") & ~TYPE;
  }

  /**
   * All of it.
   *
   * @throws FileSystemException if it is longer than {@code limit} bytes, also if it grew meanwhile
   */
  public byte[] read(int limit) throws IOException {
    try (InputStream in = Files.newInputStream(opened)) {
      byte[] bytes = in.readNBytes(limit + 1);
      if (bytes.length > limit) {
        throw new FileSystemException(path.toString(), null, "is larger than " + limit + " bytes");
      }
      return bytes;
    }
  }

  @Override
  public void close() {
    fd.close();
  }
}
