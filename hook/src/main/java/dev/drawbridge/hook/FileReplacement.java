package dev.drawbridge.hook;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Replaces a file as a whole: whoever opens it sees the old bytes or the new ones, never half. */
final class FileReplacement {
  private static final Set<PosixFilePermission> PRIVATE =
      PosixFilePermissions.fromString("rw-------");

  private FileReplacement() {}

  static Attempt<Boolean> replace(Path file, byte[] bytes) {
    Path temporary = null;
    try {
      PosixFileAttributes before =
          Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (!before.isRegularFile()) {
        return Attempt.failed(file + " is not a regular file");
      }
      Path directory = file.toAbsolutePath().getParent();
      temporary =
          Files.createTempFile(
              directory, ".drawbridge-", ".json", PosixFilePermissions.asFileAttribute(PRIVATE));
      try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        while (rest.hasRemaining()) {
          out.write(rest);
        }
        own(temporary, before);
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
      return Attempt.done(true);
    } catch (IOException e) {
      discard(temporary);
      return Attempt.failed(file + " cannot be replaced: " + JsonTree.reason(e));
    }
  }

  private static void own(Path temporary, PosixFileAttributes before) throws IOException {
    PosixFileAttributeView view =
        Files.getFileAttributeView(temporary, PosixFileAttributeView.class);
    PosixFileAttributes now = view.readAttributes();
    if (!now.owner().equals(before.owner())) {
      view.setOwner(before.owner());
    }
    if (!now.group().equals(before.group())) {
      view.setGroup(before.group());
    }
    view.setPermissions(before.permissions());
  }

  private static void discard(@org.jspecify.annotations.Nullable Path temporary) {
    if (temporary != null) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        System.getLogger("dev.drawbridge.hook")
            .log(System.Logger.Level.WARNING, "left behind: " + temporary, e);
      }
    }
  }
}
