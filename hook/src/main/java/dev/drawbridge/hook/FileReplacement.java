package dev.drawbridge.hook;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Replaces a file as a whole: whoever opens it sees the old bytes or the new ones, never half. */
final class FileReplacement {
  private static final Set<PosixFilePermission> PRIVATE =
      PosixFilePermissions.fromString("rw-------");

  private FileReplacement() {}

  static Attempt<Boolean> replace(Path file, byte[] bytes) {
    Path temporary = null;
    try {
      Map<String, Object> before = attributes(file);
      if (!Boolean.TRUE.equals(before.get("isRegularFile"))) {
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

  /** Numbers, not names of users and groups, for which the JDK would read two files each. */
  private static Map<String, Object> attributes(Path file) throws IOException {
    return Files.readAttributes(
        file, "unix:uid,gid,permissions,isRegularFile", LinkOption.NOFOLLOW_LINKS);
  }

  private static void own(Path temporary, Map<String, Object> before) throws IOException {
    Map<String, Object> now = attributes(temporary);
    for (String attribute : List.of("uid", "gid", "permissions")) {
      Object value = before.get(attribute);
      if (value != null && !value.equals(now.get(attribute))) {
        Path _ = Files.setAttribute(temporary, "unix:" + attribute, value);
      }
    }
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
