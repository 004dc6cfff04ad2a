package dev.drawbridge.install;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** The one place of this package that changes anything. */
final class StepExecutor {
  static final String BACKUP = ".before-drawbridge";
  private static final Set<PosixFilePermission> PROGRAM =
      PosixFilePermissions.fromString("rwxr-xr-x");
  private static final Set<PosixFilePermission> TEXT = PosixFilePermissions.fromString("rw-r--r--");
  private static final long PROGRAM_SECONDS = 30;
  private static final long SETTLE_SECONDS = 5;
  private static final long SETTLE_PAUSE_MILLIS = 100;

  private StepExecutor() {}

  static String apply(Step step) throws InstallException {
    try {
      return switch (step) {
        case Step.Write write -> write(write);
        case Step.Copy copy -> {
          Files.createDirectories(parent(copy.to()));
          replace(copy.to(), Files.readAllBytes(copy.from()), PROGRAM);
          yield "copied " + copy.to();
        }
        case Step.MakeDirectory make -> {
          Files.createDirectories(parent(make.directory()));
          if (!Files.exists(make.directory())) {
            Files.createDirectory(
                make.directory(),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
          }
          yield "made " + make.directory();
        }
        case Step.Delete delete -> {
          Files.deleteIfExists(delete.file());
          yield "deleted " + delete.file();
        }
        case Step.DeleteDirectory delete -> deleteDirectory(delete.directory());
        case Step.Reload reload -> reload(reload.pid());
        case Step.Settle settle -> settle(settle);
      };
    } catch (IOException e) {
      throw new InstallException("failed to " + step.describe() + ": " + e, e);
    }
  }

  private static String deleteDirectory(Path directory) throws IOException {
    try {
      Files.deleteIfExists(directory);
      return "deleted " + directory;
    } catch (DirectoryNotEmptyException e) {
      return "left " + directory + ": there is something else in it";
    }
  }

  private static String write(Step.Write write) throws IOException, InstallException {
    Path file = Links.behind(write.file());
    Files.createDirectories(parent(file));
    String now = Files.exists(file) ? Files.readString(file) : "";
    if (!now.equals(write.before())) {
      throw new InstallException(file + " changed since the plan was made; plan again");
    }
    Path backup = backup(file);
    if (write.keep() && Files.exists(file) && !Files.exists(backup)) {
      Files.copy(file, backup, StandardCopyOption.COPY_ATTRIBUTES);
    }
    String validated =
        switch (write.check()) {
          case NONE -> "";
          case DOCKERD -> validate(file, write.after());
          case CONTAINERD -> validateToml(file, write.after());
        };
    replace(file, write.after().getBytes(StandardCharsets.UTF_8));
    return "wrote " + file + validated;
  }

  /** Where the first form of a file is kept. */
  static Path backup(Path file) {
    return file.resolveSibling(file.getFileName() + BACKUP);
  }

  /** With the mode and the owners of the one that it takes the place of. */
  static void replace(Path file, byte[] bytes) throws IOException {
    replace(file, bytes, Files.exists(file) ? Files.getPosixFilePermissions(file) : TEXT);
  }

  private static void replace(Path file, byte[] bytes, Set<PosixFilePermission> mode)
      throws IOException {
    Path temporary = Files.createTempFile(parent(file), ".drawbridge-", ".new");
    try {
      try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        var rest = java.nio.ByteBuffer.wrap(bytes);
        while (rest.hasRemaining()) {
          out.write(rest);
        }
        out.force(true);
      }
      if (Files.exists(file)) {
        PosixFileAttributes was = Files.readAttributes(file, PosixFileAttributes.class);
        var view = Files.getFileAttributeView(temporary, PosixFileAttributeView.class);
        view.setOwner(was.owner());
        view.setGroup(was.group());
      }
      Files.setPosixFilePermissions(temporary, mode);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Docker 20.10 has no --validate: then the text has only our own word for it. */
  private static String validate(Path file, String text) throws IOException, InstallException {
    Path candidate = Files.createTempFile(parent(file), ".drawbridge-", ".json");
    try {
      Files.writeString(candidate, text);
      Ran ran;
      try {
        ran = run(List.of("dockerd", "--validate", "--config-file=" + candidate));
      } catch (IOException e) {
        return " (not validated: there is no dockerd in PATH)";
      }
      if (ran.exit() == 0) {
        return " (dockerd --validate accepts it)";
      }
      if (ran.output().contains("unknown flag")) {
        return " (not validated: this dockerd has no --validate)";
      }
      throw new InstallException(
          "dockerd does not accept the new " + file + ", nothing was changed: " + ran.output());
    } finally {
      Files.deleteIfExists(candidate);
    }
  }

  private static String validateToml(Path file, String text) throws IOException, InstallException {
    Path candidate = Files.createTempFile(parent(file), ".drawbridge-", ".toml");
    try {
      Files.writeString(candidate, text);
      Ran ran;
      try {
        ran = run(List.of("containerd", "--config", candidate.toString(), "config", "dump"));
      } catch (IOException e) {
        return " (not validated: there is no containerd in PATH)";
      }
      if (ran.exit() != 0) {
        throw new InstallException(
            "containerd does not accept the new "
                + file
                + ", nothing was changed: "
                + ran.output());
      }
      return " (containerd config dump accepts it)";
    } finally {
      Files.deleteIfExists(candidate);
    }
  }

  private static String reload(long pid) throws IOException, InstallException {
    if (!DockerHost.isDockerd(pid)) {
      return "dockerd (process " + pid + ") is gone: it reads the configuration when it starts";
    }
    Ran ran = run(List.of("sh", "-c", "kill -HUP " + pid));
    if (ran.exit() != 0) {
      throw new InstallException("SIGHUP to dockerd (process " + pid + ") failed: " + ran.output());
    }
    return "dockerd reads its configuration again";
  }

  private static String settle(Step.Settle settle) throws IOException, InstallException {
    Path file = Links.behind(settle.file());
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SETTLE_SECONDS);
    while (knowsUs(settle.docker())) {
      if (System.nanoTime() - deadline > 0) {
        return file + " keeps keys that are empty: dockerd did not say that it has read it";
      }
      try {
        TimeUnit.MILLISECONDS.sleep(SETTLE_PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InstallException("interrupted while dockerd read " + file, e);
      }
    }
    String now = Files.exists(file) ? Files.readString(file) : "";
    if (!now.equals(settle.before())) {
      return file + " has changed since: left as it is";
    }
    if (settle.after().isEmpty()) {
      Files.deleteIfExists(file);
    } else {
      replace(file, settle.after().get().getBytes(StandardCharsets.UTF_8));
    }
    Files.deleteIfExists(backup(file));
    return (settle.after().isEmpty() ? "deleted " : "tidied ") + file;
  }

  /** Whether dockerd knows the runtime, or cannot be asked. */
  private static boolean knowsUs(String docker) throws IOException, InstallException {
    try {
      Ran ran = run(List.of("docker", "-H", docker, "info", "--format", "{{json .Runtimes}}"));
      return ran.exit() != 0 || ran.output().contains('"' + DaemonJson.RUNTIME + '"');
    } catch (IOException e) {
      // No docker command here.
      return true;
    }
  }

  record Ran(int exit, String output) {}

  static Ran run(List<String> command) throws IOException, InstallException {
    Path output = Files.createTempFile("drawbridge-install", ".out");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectOutput(output.toFile())
              .start();
      if (!process.waitFor(PROGRAM_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new InstallException(
            command.getFirst() + " did not end within " + PROGRAM_SECONDS + " s");
      }
      return new Ran(process.exitValue(), Files.readString(output).strip());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InstallException("interrupted while " + command.getFirst() + " ran", e);
    } finally {
      Files.deleteIfExists(output);
    }
  }

  static Path parent(Path file) {
    return file.toAbsolutePath().resolveSibling(".").normalize();
  }
}
